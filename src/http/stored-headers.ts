import type { IncomingHttpHeaders } from 'node:http'

/** None of these is secret by itself. The two signatures are stored only to replay rejected deliveries, and are never shown. */
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

/** Selects the headers to store. Proxies put keys, identities and the address with its token into other headers. */
export function storedHeaders(incoming: IncomingHttpHeaders): { [name: string]: string } {
  const headers: { [name: string]: string } = {}
  for (const name of STORED) {
    const value = incoming[name]
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return headers
}
