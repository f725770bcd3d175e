import { statusQuerySchema } from '../contract/asset.ts'
import { authorizeReader } from '../tracking/status/authorize-reader.ts'
import { TOKEN_ROUTE_HEADERS } from './cors.ts'
import type { ErrorResponses } from './error-responses.ts'
import { nonLocalReason } from './local-only.ts'
import { parseQuery } from './parse-with.ts'
import { requestCredential, requestIdOf, requestQuery } from './request.ts'
import { type PlainResponse, type RawHeaders, writeResponse } from './response.ts'
import type { Api } from './route.ts'
import type { HttpExchange, StatusHandler } from './status-handler.ts'
import { createTickBatcher } from './tick-batcher.ts'
import type { WebhookHandler } from './webhook-handler.ts'

/**
 * Serves the two busiest routes without Hono, whose request, context and header objects cost more than the rest of such a
 * response. Other spellings of the same addresses go to Hono, which has the same handlers.
 *
 * Returns whether it took the request; if not, the request is untouched.
 */
export type FastPaths = (exchange: HttpExchange) => boolean

export function createFastPaths(deps: {
  access: Api['access']
  tokens: Pick<Api['tokens'], 'asset'>
  handleStatus: StatusHandler
  handleWebhook: WebhookHandler
  errorResponses: Pick<ErrorResponses, 'problem'>
  loopbackOnly: boolean
}): FastPaths {
  const { access, tokens, handleStatus, handleWebhook, errorResponses, loopbackOnly } = deps
  const responseBatcher = createTickBatcher()

  const serve = (
    { incoming, outgoing }: HttpExchange,
    headers: RawHeaders,
    handle: (requestId: string) => PlainResponse | Promise<PlainResponse>,
  ): void => {
    const requestId = requestIdOf(incoming)
    const write = (response: PlainResponse) => {
      writeResponse(outgoing, response, [...headers, 'X-Request-Id', requestId])
    }
    const fail = (error: unknown) => write(errorResponses.problem(error, requestId))
    try {
      const response = handle(requestId)
      if (response instanceof Promise) void response.then(write, fail)
      else responseBatcher.schedule(() => write(response))
    } catch (error) {
      responseBatcher.schedule(() => fail(error))
    }
  }

  const serveStatus = (id: string, exchange: HttpExchange) => {
    const query = requestQuery(exchange.incoming)
    const credential = requestCredential(exchange.incoming, query)
    authorizeReader({ access, tokens: tokens.asset }, id, credential, 'asset')
    // Most requests don't wait, so there is nothing to parse.
    const waitMs = query.has('wait') ? parseQuery(statusQuerySchema, query, { emptyIsAbsent: false }).wait : 0
    return handleStatus({ id, credential, waitMs }, exchange)
  }

  return (exchange) => {
    const { method, url = '', headers } = exchange.incoming
    if (!PLAIN_HOST.test(headers.host ?? '')) return false
    // Hono's middleware rejects this request, with the reason.
    if (loopbackOnly && nonLocalReason(exchange.incoming) !== undefined) return false
    if (method === 'GET') {
      const fileId = STATUS_ADDRESS.exec(url)?.[1]
      if (fileId === undefined) return false
      serve(exchange, TOKEN_ROUTE_HEADERS, () => serveStatus(fileId, exchange))
      return true
    }
    if (method === 'POST') {
      const token = WEBHOOK_ADDRESS.exec(url)?.[1]
      if (token === undefined) return false
      serve(exchange, [], (requestId) => handleWebhook(token, exchange.incoming, requestId))
      return true
    }
    return false
  }
}

/** Requests with any other `Host`, such as an IPv6 address, go to Hono, whose server rejects an invalid one. */
const PLAIN_HOST = /^[\w.-]+(:\d+)?$/
const STATUS_ADDRESS = /^\/assets\/([\w-]+)\/status(?:\?|$)/
const WEBHOOK_ADDRESS = /^\/webhooks\/extension\/([\w.-]+)$/
