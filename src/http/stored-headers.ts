import type { IncomingHttpHeaders } from 'node:http'

/** None of these is secret by itself. The two signatures are stored for the replay of a rejected delivery only, and never shown. */
const STORED = [
  'content-type',
  'content-length',
  'content-encoding',
  'user-agent',
  'date',
  'x-ik-requestid',
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
  'x-ik-signature',
] as const

/** The headers of a delivery as they are stored. Proxies put keys, identities and the address with its token into the others. */
export function storedHeaders(incoming: IncomingHttpHeaders): { [name: string]: string } {
  const headers: { [name: string]: string } = {}
  for (const name of STORED) {
    const value = incoming[name]
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return headers
}
