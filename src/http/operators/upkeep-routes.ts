import { Hono } from 'hono'
import { z } from 'zod'
import type { Access } from '../../tracking/access.ts'
import { backUp } from '../../tracking/operators/back-up.ts'
import { forgetAsset } from '../../tracking/operators/forget-asset.ts'
import { reconcileNow } from '../../tracking/operators/reconcile-now.ts'
import type { AppEnv } from '../app-env.ts'
import { parseWith } from '../parse-with.ts'
import type { ReadBody } from '../read-body.ts'
import { readJsonObject } from '../read-json.ts'
import { requestKey } from '../request-key.ts'
import { route } from '../routes.ts'
import { readReason } from './read-reason.ts'

type UpkeepRoutesDeps = Parameters<typeof reconcileNow>[0] &
  Parameters<typeof forgetAsset>[0] &
  Parameters<typeof backUp>[0] & { access: Pick<Access, 'identifyOperator'>; readBody: ReadBody }

const reconcileSchema = z.object({ dryRun: z.boolean('should be true or false') })

/** Reconciliation, backup, and the deletion of everything stored about an asset. */
export function upkeepRoutes(deps: UpkeepRoutesDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  route(app, '/reconcile', {
    POST: async (c) => {
      const { keyName: actor } = deps.access.identifyOperator(requestKey(c.env.incoming))
      const { dryRun } = parseWith(
        reconcileSchema,
        (await readJsonObject(c.env.incoming, deps.readBody)).json,
      )
      return c.json(await reconcileNow(deps, { dryRun, actor }))
    },
  })
  route(app, '/assets/:fileId', {
    DELETE: async (c) => {
      const { keyName: actor } = deps.access.identifyOperator(requestKey(c.env.incoming))
      const reason = await readReason(c.env.incoming, deps.readBody)
      await forgetAsset(deps, { fileId: c.req.param('fileId') ?? '', reason, actor })
      return c.body(null, 204)
    },
  })
  route(app, '/backup', {
    POST: async (c) => {
      const { keyName: actor } = deps.access.identifyOperator(requestKey(c.env.incoming))
      // Unread bytes of the request would reset the connection when it closes, and the end of the copy would be lost.
      const reason = await readReason(c.env.incoming, deps.readBody)
      const { stream, bytes } = await backUp(deps, { reason, actor })
      return c.body(stream, 200, {
        'Content-Type': 'application/vnd.sqlite3',
        'Content-Length': String(bytes),
        'Content-Disposition': 'attachment; filename="tracker.db"',
        'Cache-Control': 'no-store',
      })
    },
  })
  return app
}
