import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener, RequestError } from '@hono/node-server'
import type { Hono } from 'hono'
import type { ErrorResponses } from './error-responses.ts'
import type { FastPaths } from './fast-paths.ts'
import type { AppEnv } from './request.ts'
import { headersObject, writeResponse } from './response.ts'

/** Handles a request of Node's HTTP server. */
export type RequestHandler = (incoming: IncomingMessage, outgoing: ServerResponse) => void

/**
 * The number of headers of a request that Node keeps; it silently drops the rest. A request that has this many may have had more, so
 * it is rejected.
 */
export const HEADER_LIMIT = 200

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
    // While a body is still arriving, the automatic cleanup would reset the connection half a second after the response was sent. A
    // client that has not read the response yet would lose it.
    autoCleanupIncoming: false,
    errorHandler(error) {
      const isMalformed = error instanceof RequestError
      const { status, headers, body } = isMalformed
        ? malformed('invalid_input', INVALID_URL)
        : unhandled(error)
      return new Response(body, { status, headers: headersObject(headers) })
    },
  })
  return (incoming, outgoing) => {
    if (incoming.rawHeaders.length < 2 * HEADER_LIMIT) {
      if (!fastPaths({ incoming, outgoing })) void listener(incoming, outgoing)
      return
    }
    const response = malformed('headers_too_large', TOO_MANY_HEADERS, incoming.url)
    writeResponse(outgoing, response, ['Connection', 'close'])
  }
}

const INVALID_URL = 'The URL or the Host header of the request is not valid.'
const TOO_MANY_HEADERS = `The request must have fewer than ${HEADER_LIMIT} headers.`
