import { z } from 'zod'
import {
  diagnosticsSchema,
  reconcileReportSchema,
  reconcileRequestSchema,
} from '../../contract/maintenance.ts'
import { reasonSchema } from '../../contract/reason.ts'
import { type BackUpDeps, backUp } from '../../tracking/operators/back-up.ts'
import { type DiagnosticsDeps, runDiagnostics } from '../../tracking/operators/diagnostics/run-diagnostics.ts'
import { type ForgetAssetDeps, forgetAsset } from '../../tracking/operators/forget-asset.ts'
import { type ReconcileNowDeps, reconcileNow } from '../../tracking/reconcile/reconcile.ts'
import { type Api, operation, route } from '../route.ts'

type MaintenanceRoutesDeps = ReconcileNowDeps & ForgetAssetDeps & BackUpDeps

const BACKUP_TYPE = 'application/vnd.sqlite3'

/** Reconciliation, backup, and the deletion of what is stored about an asset. */
export function maintenanceRoutes(api: Api, deps: MaintenanceRoutesDeps): void {
  route(api, '/reconcile', {
    POST: operation({
      id: 'reconcile',
      summary: 'Check the due runs at ImageKit now',
      auth: 'operator',
      body: { json: reconcileRequestSchema },
      responses: { 200: reconcileReportSchema },
      async handle({ body: { dryRun }, caller }) {
        return { status: 200, json: await reconcileNow(deps, { dryRun, actor: caller.keyName }) }
      },
    }),
  })
  route(api, '/assets/:fileId', {
    DELETE: operation({
      id: 'forgetAsset',
      summary: 'Delete everything that is stored about an asset, but not the file at ImageKit',
      auth: 'operator',
      params: z.object({ fileId: z.string() }),
      body: { json: reasonSchema, isOptional: true },
      responses: { 204: null },
      problems: ['not_found'],
      async handle({ params, body: { reason = null }, caller }) {
        await forgetAsset(deps, { ...params, reason, actor: caller.keyName })
        return { status: 204 }
      },
    }),
  })
  route(api, '/backup', {
    POST: operation({
      id: 'backUp',
      summary: 'Download a backup of the SQLite database',
      auth: 'operator',
      // Without `body`, unread bytes of the request would reset the connection when it closes, and the end of the copy would be lost.
      body: { json: reasonSchema, isOptional: true },
      responses: { 200: { mediaType: BACKUP_TYPE } },
      problems: ['backup_unsupported'],
      async handle({ body: { reason = null }, caller }, c) {
        const { stream, bytes } = await backUp(deps, { reason, actor: caller.keyName })
        return c.body(stream, 200, {
          'Content-Type': BACKUP_TYPE,
          'Content-Length': String(bytes),
          'Content-Disposition': 'attachment; filename="tracker.db"',
          'Cache-Control': 'no-store',
        })
      },
    }),
  })
}

/** Diagnoses the configuration and suggests remedies. */
export function doctorRoutes(api: Api, deps: DiagnosticsDeps): void {
  route(api, '/doctor', {
    GET: operation({
      id: 'getDiagnostics',
      worksWithoutStore: true,
      summary: 'Diagnose the configuration and the environment',
      auth: 'operator',
      responses: { 200: diagnosticsSchema },
      handle: async () => ({ status: 200, json: await runDiagnostics(deps) }),
    }),
  })
}
