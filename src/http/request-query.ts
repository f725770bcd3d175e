import type { IncomingMessage } from 'node:http'

/** What stands behind the `?` of the address. */
export function requestQuery({ url = '' }: IncomingMessage): URLSearchParams {
  const mark = url.indexOf('?')
  return mark === -1 ? NOTHING : new URLSearchParams(url.slice(mark + 1))
}

/** Shared by all who ask for nothing. */
const NOTHING = new URLSearchParams()
