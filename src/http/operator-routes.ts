import { Hono } from 'hono'
import { z } from 'zod'
import { TrackerError } from '../domain/errors.ts'
import type { Access } from '../tracking/access.ts'
import { type ReconcileDeps, reconcile } from '../tracking/reconcile.ts'
import { replayRefused } from '../tracking/replay-refused.ts'
import type { AppEnv } from './app-env.ts'
import { presentedKey } from './presented-key.ts'
import { readJsonObject } from './read-json.ts'
import { route } from './routes.ts'

type OperatorRoutesDeps = Parameters<typeof replayRefused>[0] & {
  access: Pick<Access, 'identifyOperator'>
  reconciling: ReconcileDeps
  wholeBodyMs: number
}

const reconcileSchema = z.object({ dryRun: z.boolean() })

/** What only an operator may do. */
export function operatorRoutes(deps: OperatorRoutesDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  route(app, '/deliveries/:deliveryId/replay', {
    POST: async (c) => {
      deps.access.identifyOperator(presentedKey(c))
      const { outcome } = await replayRefused(deps, c.req.param('deliveryId') ?? '')
      return c.json({ outcome })
    },
  })
  route(app, '/reconcile', {
    POST: async (c) => {
      deps.access.identifyOperator(presentedKey(c))
      const parsed = reconcileSchema.safeParse((await readJsonObject(c.env.incoming, deps.wholeBodyMs)).json)
      if (!parsed.success) {
        const fields = [{ field: 'dryRun', message: 'should be true or false' }]
        throw new TrackerError('invalid_input', 'The request is not valid.', { fields })
      }
      return c.json(await reconcile(deps.reconciling, parsed.data))
    },
  })
  return app
}
