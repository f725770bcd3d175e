import type { IncomingHttpHeaders } from 'node:http'

const SECRET_HEADERS = new Set(['authorization', 'proxy-authorization', 'cookie'])

/** The headers of a delivery as they are kept: those that may hold a secret of somebody's are left out. */
export function storedHeaders(incoming: IncomingHttpHeaders): { [name: string]: string } {
  const headers: { [name: string]: string } = {}
  for (const [name, value] of Object.entries(incoming)) {
    if (value !== undefined && !SECRET_HEADERS.has(name))
      headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return headers
}
