import type { AskStatus, Exchange } from './ask-status.ts'
import { TOKEN_ROUTE_HEADERS } from './cors.ts'
import type { ErrorAnswers } from './error-answers.ts'
import { foreignSign } from './loopback-guard.ts'
import { type PlainAnswer, type RawHeaders, writeAnswer } from './plain-answer.ts'
import { requestIdOf } from './request-id.ts'
import type { TakeWebhook } from './take-webhook.ts'
import { createTickBatcher } from './tick-batcher.ts'

/**
 * The two addresses that are asked most, answered without Hono: its request, context and header objects cost more than all
 * the rest of such an answer. Every other way to write the same address goes to Hono, which has the same handlers.
 *
 * Returns whether the request is one of these; if not, nothing was done with it.
 */
export type DirectRoutes = (exchange: Exchange) => boolean

export function createDirectRoutes(deps: {
  askStatus: AskStatus
  takeWebhook: TakeWebhook
  errorAnswers: Pick<ErrorAnswers, 'problem'>
  loopbackOnly: boolean
}): DirectRoutes {
  const { askStatus, takeWebhook, errorAnswers, loopbackOnly } = deps
  const turnEnd = createTickBatcher()

  const answer = (
    { incoming, outgoing }: Exchange,
    headers: RawHeaders,
    ask: (requestId: string) => PlainAnswer | Promise<PlainAnswer>,
  ): void => {
    const requestId = requestIdOf(incoming)
    const write = (plain: PlainAnswer) => {
      writeAnswer(outgoing, plain, [...headers, 'X-Request-Id', requestId])
    }
    const fail = (error: unknown) => write(errorAnswers.problem(error, requestId))
    try {
      const answered = ask(requestId)
      if (answered instanceof Promise) void answered.then(write, fail)
      else turnEnd.do(() => write(answered))
    } catch (error) {
      turnEnd.do(() => fail(error))
    }
  }

  return (exchange) => {
    const { method, url = '', headers } = exchange.incoming
    if (!PLAIN_HOST.test(headers.host ?? '')) return false
    if (loopbackOnly && foreignSign(exchange.incoming) !== undefined) return false
    if (method === 'GET') {
      const fileId = STATUS_ADDRESS.exec(url)?.[1]
      if (fileId === undefined) return false
      answer(exchange, TOKEN_ROUTE_HEADERS, () => askStatus(fileId, exchange))
      return true
    }
    if (method === 'POST') {
      const token = WEBHOOK_ADDRESS.exec(url)?.[1]
      if (token === undefined) return false
      answer(exchange, [], (requestId) => takeWebhook(token, exchange.incoming, requestId))
      return true
    }
    return false
  }
}

const PLAIN_HOST = /^[\w.-]+(:\d+)?$/
const STATUS_ADDRESS = /^\/assets\/([\w-]+)\/status(?:\?|$)/
const WEBHOOK_ADDRESS = /^\/webhooks\/extension\/([\w.-]+)$/
