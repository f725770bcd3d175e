import type { IncomingMessage, ServerResponse } from 'node:http'
import { createResponsesOf, endUnsent } from './broken-requests.ts'
import type { ErrorResponses } from './error-responses.ts'
import { remoteReason } from './local-only.ts'
import type { RequestHandler } from './request-handler.ts'
import { onResponseEnd, writeResponse } from './response.ts'

export type EmbeddedHandler = {
  /** For the HTTP server of another program, or for one of the frameworks that use it. */
  handler: RequestHandler
  /** From now on rejects new requests. Resolves when those in progress have ended, or at `timeUp`, which ends them. */
  close(timeUp: Promise<unknown>): Promise<void>
}

/** Wraps the handler of the service's own server for a server that the service doesn't control. */
export function createEmbeddedHandler(
  handle: RequestHandler,
  deps: {
    errorResponses: Pick<ErrorResponses, 'malformed' | 'unhandled'>
    /** The path of the public URL, without a trailing slash. */
    basePath: string
    /** Whether to reject requests that are not local. */
    loopbackOnly: boolean
  },
): EmbeddedHandler {
  const { malformed, unhandled } = deps.errorResponses
  const inProgress = new Set<ServerResponse>()
  const responsesOf = createResponsesOf()
  let isClosed = false

  const rejectionOf = (incoming: IncomingMessage) => {
    if (isClosed) return malformed('store_unavailable', 'The tracker was stopped.', incoming.url)
    const reason = deps.loopbackOnly ? remoteReason(incoming.socket.remoteAddress) : undefined
    if (reason !== undefined) return malformed('forbidden', reason, incoming.url)
    return wasBodyRead(incoming) ? unhandled(new Error(BODY_WAS_READ)) : undefined
  }

  return {
    handler(incoming, outgoing) {
      const onSameConnection = responsesOf(incoming.socket)
      inProgress.add(outgoing)
      onSameConnection.add(outgoing)
      if (incoming.socket.destroyed) endUnsent(outgoing)
      onResponseEnd(outgoing)(() => {
        inProgress.delete(outgoing)
        onSameConnection.delete(outgoing)
        // The rest of a rejected body would block the next request on the connection.
        if (!incoming.complete) incoming.resume()
      })
      incoming.url = withoutBasePath(incoming, deps.basePath)
      const rejection = rejectionOf(incoming)
      if (rejection === undefined) handle(incoming, outgoing)
      else writeResponse(outgoing, rejection, [])
    },
    async close(timeUp) {
      isClosed = true
      const ended = Promise.all(
        [...inProgress].map((outgoing) => new Promise<void>((resolve) => onResponseEnd(outgoing)(resolve))),
      )
      await Promise.race([ended, timeUp])
      for (const outgoing of inProgress) outgoing.destroy()
    },
  }
}

const BODY_WAS_READ =
  'The body of a request was read before the tracker got the request. Pass requests to the tracker before any body parser does.'

/** Whether another handler, such as a body parser, has read the body. */
function wasBodyRead(incoming: IncomingMessage): boolean {
  const { headers, readableDidRead } = incoming
  return (
    readableDidRead &&
    (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)
  )
}

/**
 * The address of the request without the path of PUBLIC_URL. Express and Connect remove the path at which a handler is mounted, and
 * keep the whole address in `originalUrl`; other frameworks and some proxies remove nothing.
 */
function withoutBasePath(incoming: IncomingMessage & { originalUrl?: string }, basePath: string): string {
  const { url = '' } = incoming
  const address = incoming.originalUrl ?? url
  if (basePath === '' || !address.startsWith(basePath)) return url
  const rest = address.slice(basePath.length)
  if (rest.startsWith('/')) return rest
  return rest === '' || rest.startsWith('?') ? `/${rest}` : url
}
