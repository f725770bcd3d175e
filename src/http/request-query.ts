import type { IncomingMessage } from 'node:http'

/** The query parameters of the request. */
export function requestQuery({ url = '' }: IncomingMessage): URLSearchParams {
  const mark = url.indexOf('?')
  return mark === -1 ? EMPTY : new URLSearchParams(url.slice(mark + 1))
}

/** Shared by all requests without a query. */
const EMPTY = new URLSearchParams()
