import { createServer, type IncomingMessage, request as sendRequest } from 'node:http'
import { duplexPair, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { RequestHandler } from './request-handler.ts'

/**
 * Handles a request of the Fetch API. Rejects if the request is aborted, or the connection to the handler breaks before the response
 * arrives. `remoteAddress`: the IP address from which the caller is connected; unknown by default.
 */
export type FetchHandler = (
  request: Request,
  options?: { remoteAddress?: string | undefined },
) => Promise<Response>

/**
 * Sends each request to `handler` as HTTP, on a connection in memory. So back-pressure, aborts and the framing of bodies are those of
 * Node's own HTTP implementation.
 */
export function createFetchHandler(handler: RequestHandler): FetchHandler {
  // Uploads may take long; each read of a body has its own time limit.
  const server = createServer({ requestTimeout: 0 }, handler)
  return async (request, { remoteAddress } = {}) => {
    const { signal, body, method } = request
    if (request.bodyUsed) throw new TypeError('The body of the request was already read.')
    signal.throwIfAborted()

    const connect = () => {
      const [ours, theirs] = duplexPair()
      ours.once('close', () => theirs.destroy())
      theirs.once('close', () => ours.destroy())
      const abort = () => ours.destroy(abortError(signal))
      signal.addEventListener('abort', abort)
      ours.once('close', () => signal.removeEventListener('abort', abort))
      server.emit('connection', Object.assign(theirs, { remoteAddress }))
      return ours
    }

    const { pathname, search, host } = new URL(request.url)
    const headers = new Headers([...request.headers].filter(([name]) => !HOP_BY_HOP.has(name)))
    if (!headers.has('host')) headers.set('host', host)
    // Otherwise Node would send the body of a DELETE without its length.
    if (body !== null && !headers.has('content-length')) headers.set('transfer-encoding', 'chunked')
    const content = body === null ? null : Readable.fromWeb(body)
    const outgoing = sendRequest({
      // Called only once the method and the headers were found valid, so that no connection stays open without a request.
      createConnection: connect,
      method,
      path: pathname + search,
      headers: Object.fromEntries(headers),
    })
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve).on('error', reject)
    })
    if (content === null) outgoing.end()
    // If the body fails before the response arrives, `response` rejects. Afterwards, the response is what counts.
    else pipeline(content, outgoing).catch(() => {})

    return toResponse(await response, method)
  }
}

/**
 * The headers that concern one connection only, and `Expect`, which the caller's own server has answered. With `Trailer`, Node would throw
 * while it writes the body.
 */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'trailer',
  'upgrade',
  'te',
  'expect',
])

const STATUSES_WITHOUT_BODY = [204, 205, 304]

function toResponse(incoming: IncomingMessage, method: string): Response {
  const { statusCode: status = 500, rawHeaders } = incoming
  const headers = new Headers()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (!HOP_BY_HOP.has(name.toLowerCase())) headers.append(name, rawHeaders[index + 1] ?? '')
  }
  if (method === 'HEAD' || STATUSES_WITHOUT_BODY.includes(status)) {
    incoming.resume()
    return new Response(null, { status, headers })
  }
  return new Response(Readable.toWeb(incoming), { status, headers })
}

function abortError({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error('The request was aborted.', { cause: reason })
}
