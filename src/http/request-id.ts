import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from './app-env.ts'

const MAX_LENGTH = 255

/** The caller's `X-Request-Id` if it is valid; else a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  const isValid = typeof given === 'string' && /^[\w\-=]+$/.test(given) && given.length <= MAX_LENGTH
  return isValid ? given : randomUUID()
}

/** Every response has the header, so it is set on Node's response directly: a header object would cost a third of the call. */
export const requestId: MiddlewareHandler<AppEnv> = async (c, next) => {
  const id = requestIdOf(c.env.incoming)
  c.set('requestId', id)
  c.env.outgoing.setHeader('X-Request-Id', id)
  await next()
}
