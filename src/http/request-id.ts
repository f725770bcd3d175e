import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from './app-env.ts'

const MAX_LENGTH = 255

/** The caller's `X-Request-Id`, if it is sane; else a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  const isSane = typeof given === 'string' && /^[\w\-=]+$/.test(given) && given.length <= MAX_LENGTH
  return isSane ? given : randomUUID()
}

/** Every answer tells it, so it is written to Node's response at once: a header object for each call would cost a third of it. */
export const requestId: MiddlewareHandler<AppEnv> = async (c, next) => {
  const id = requestIdOf(c.env.incoming)
  c.set('requestId', id)
  c.env.outgoing.setHeader('X-Request-Id', id)
  await next()
}
