import { Readable } from 'node:stream'
import { request } from 'undici'

const NULL_BODY_STATUSES = [204, 205, 304]

/**
 * The `fetch` of the commands. It has no time limits, because a large file may take long on a slow connection, and the service has its
 * own. Unlike the global one, it connects to any port (https://fetch.spec.whatwg.org/#port-blocking), and sends a stream with the
 * `Content-Length` that it is given.
 */
export const undiciFetch: typeof fetch = async (input, init = {}) => {
  const { method = 'GET', body, signal } = init
  const isStream = typeof body === 'object' && body !== null && Symbol.asyncIterator in body
  const response = await request(input instanceof Request ? input.url : input, {
    method,
    headers: Object.fromEntries(new Headers(init.headers)),
    body: isStream ? Readable.from(body, { objectMode: false }) : typeof body === 'string' ? body : null,
    headersTimeout: 0,
    bodyTimeout: 0,
    ...(signal && { signal }),
  })
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(response.headers))
    for (const value of [values].flat()) headers.append(name, value)
  const hasBody = !NULL_BODY_STATUSES.includes(response.statusCode)
  if (!hasBody) await response.body.dump()
  return new Response(hasBody ? response.body : null, { status: response.statusCode, headers })
}
