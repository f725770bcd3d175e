import { Hono } from 'hono'
import type { Access } from '../../tracking/access.ts'
import { type DiagnosticsDeps, runDiagnostics } from '../../tracking/operators/run-diagnostics.ts'
import type { AppEnv } from '../app-env.ts'
import { requestKey } from '../request-key.ts'
import { route } from '../routes.ts'
import { readQuery } from './list-query.ts'

/** Diagnoses the configuration and suggests remedies. */
export function doctorRoutes(
  deps: DiagnosticsDeps & { access: Pick<Access, 'identifyOperator'> },
): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  route(app, '/doctor', {
    GET: async (c) => {
      deps.access.identifyOperator(requestKey(c.env.incoming))
      readQuery(c, [])
      return c.json(await runDiagnostics(deps))
    },
  })
  return app
}
