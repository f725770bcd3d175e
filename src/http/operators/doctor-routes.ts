import { diagnosticsSchema } from '../../contract/operations.ts'
import { type DiagnosticsDeps, runDiagnostics } from '../../tracking/operators/run-diagnostics.ts'
import { type Api, operation, route } from '../route.ts'

/** Diagnoses the configuration and suggests remedies. */
export function doctorRoutes(api: Api, deps: DiagnosticsDeps): void {
  route(api, '/doctor', {
    GET: operation({
      auth: 'operator',
      responses: { 200: diagnosticsSchema },
      handle: async () => ({ status: 200, json: await runDiagnostics(deps) }),
    }),
  })
}
