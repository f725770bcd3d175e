import { causeOf } from './failure-cause.ts'
import type { Run, RunStatus } from './run.ts'

/** What runs have in common that an operator looks at together. */
export type RunGroup = {
  extension: string
  status: RunStatus
  acknowledged: boolean
  /** Why they failed; empty where they did not. */
  cause: string
}

export function groupOf(run: Run): RunGroup {
  return {
    extension: run.name,
    status: run.status,
    acknowledged: run.acknowledgedAt !== null,
    cause: run.status === 'failed' ? causeOf(run.error) : '',
  }
}
