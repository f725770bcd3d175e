import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener, RequestError } from '@hono/node-server'
import type { Hono } from 'hono'
import type { ErrorResponses } from './error-responses.ts'
import type { FastPaths } from './fast-paths.ts'
import type { AppEnv } from './request.ts'
import { headersObject, writeResponse } from './response.ts'

/** Handles a request of Node's HTTP server. */
export type RequestHandler = (incoming: IncomingMessage, outgoing: ServerResponse) => void

/** Requests with this many headers or more are rejected: Node would silently drop the rest, and no check would see them. */
export const MAX_HEADERS = 200

/** `malformed` responds to a request that never reaches `app`, `unhandled` to one for which `app` fails to respond. */
export function createRequestHandler(
  app: Pick<Hono<AppEnv>, 'fetch'>,
  {
    fastPaths,
    errorResponses: { malformed, unhandled },
  }: {
    /** Tried before `app`. */
    fastPaths: FastPaths
    errorResponses: Pick<ErrorResponses, 'malformed' | 'unhandled'>
  },
): RequestHandler {
  const listener = getRequestListener(app.fetch, {
    // While a body still arrives, the automatic cleanup would close the connection half a second after the response, and the
    // response would be lost.
    autoCleanupIncoming: false,
    errorHandler(error) {
      const isMalformed = error instanceof RequestError
      const { status, headers, body } = isMalformed
        ? malformed('invalid_input', BAD_ADDRESS)
        : unhandled(error)
      return new Response(body, { status, headers: headersObject(headers) })
    },
  })
  return (incoming, outgoing) => {
    if (incoming.rawHeaders.length < 2 * MAX_HEADERS) {
      if (!fastPaths({ incoming, outgoing })) void listener(incoming, outgoing)
      return
    }
    const response = malformed('headers_too_large', TOO_MANY_HEADERS, incoming.url)
    writeResponse(outgoing, response, ['Connection', 'close'])
  }
}

const BAD_ADDRESS = 'The address or the Host header of the request is not valid.'
const TOO_MANY_HEADERS = `The request must have fewer than ${MAX_HEADERS} headers.`
