import { Hono } from 'hono'
import { TrackerError } from '../domain/errors.ts'
import type { KeyRejections } from '../tracking/key-rejections.ts'
import type { AppEnv } from './app-env.ts'
import { isProblemCode, PROBLEMS } from './problems.ts'
import { route } from './routes.ts'

type HealthRoutesDeps = {
  readiness: { check(): Promise<{ answersWaiting: number }> }
  keyRejections: Pick<KeyRejections, 'list'>
  /** Identifies this process, so that a client can check whether an address of the service leads to it. */
  instanceId: string
}

/** Health checks. They need no key, and show nothing that would need one. */
export function healthRoutes({ readiness, keyRejections, instanceId }: HealthRoutesDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  // A rejected key doesn't make the service unready: it still receives webhooks.
  const imagekitDetail = (): string => {
    const [rejection] = keyRejections.list()
    return rejection ? `rejected the private key (${rejection.status} to the last ${rejection.call})` : 'ok'
  }
  route(app, '/healthz', {
    GET: (c) => c.json({ status: 'ok' }, 200, { 'X-Instance-Id': instanceId }),
  })
  route(app, '/readyz', {
    GET: async (c) => {
      const { answersWaiting } = await readiness.check()
      return c.json({
        status: 'ready',
        store: 'ok',
        migrations: 'ok',
        answersWaiting,
        imagekit: imagekitDetail(),
      })
    },
  })
  route(app, '/problems/:code', {
    GET: (c) => {
      const code = c.req.param('code') ?? ''
      if (!isProblemCode(code)) throw new TrackerError('not_found', 'There is no problem with this code.')
      const { status, title } = PROBLEMS[code]
      return c.json({ code, status, title })
    },
  })
  return app
}
