import type { IncomingHttpHeaders } from 'node:http'

const SECRET_HEADERS = new Set(['authorization', 'proxy-authorization', 'cookie'])

/**
 * The headers of a delivery as they are kept: those that may hold a secret of somebody's are left out, and those in which a
 * proxy repeats the address, `X-Original-URI` among them, for the token of the delivery stands in it.
 */
export function storedHeaders(
  incoming: IncomingHttpHeaders,
  token: string | null,
): { [name: string]: string } {
  const headers: { [name: string]: string } = {}
  for (const name in incoming) {
    const value = incoming[name]
    if (value === undefined || SECRET_HEADERS.has(name)) continue
    const text = Array.isArray(value) ? value.join(', ') : value
    if (!token || !text.includes(token)) headers[name] = text
  }
  return headers
}
