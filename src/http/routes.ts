import type { Handler, Hono } from 'hono'
import { TrackerError } from '../domain/errors.ts'
import type { AppEnv } from './app-env.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'

export type MethodHandlers = { [method in Method]?: Handler<AppEnv> }

/** Registers the handlers of an address, and a 405 with `Allow` for every other method. HEAD responds like GET. */
export function route(app: Hono<AppEnv>, path: string, handlers: MethodHandlers): void {
  const methods = Object.keys(handlers)
  for (const [method, handler] of Object.entries(handlers)) app.on(method, path, handler)
  const allow = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ')
  app.all(path, (c) => {
    c.header('Allow', allow)
    throw new TrackerError(
      'method_not_allowed',
      `${c.req.method} is not allowed here; this address accepts ${allow}.`,
    )
  })
}
