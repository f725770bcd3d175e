import { causeOf } from './failure-cause.ts'
import type { Run, RunStatus } from './run.ts'

/** The properties by which operators group runs. */
export type RunGroup = {
  extension: string
  status: RunStatus
  acknowledged: boolean
  /** Why they failed; empty if they did not fail. */
  cause: string
}

export type CountedGroup = RunGroup & { count: number }

/** The group to which a run belongs, by its present properties. */
export function groupOf(run: Run): RunGroup {
  return {
    extension: run.name,
    status: run.status,
    acknowledged: run.acknowledgedAt !== null,
    cause: failureCause(run) ?? '',
  }
}

/** The cause of a failed run; null for any other run. */
export function failureCause({ status, error }: Pick<Run, 'status' | 'error'>): string | null {
  return status === 'failed' ? causeOf(error) : null
}
