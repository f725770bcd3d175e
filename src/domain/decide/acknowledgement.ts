import type { AuditEntry } from '../audit-entry.ts'
import { isAcknowledgeable } from '../run.ts'
import type { ListedRun } from '../run-filter.ts'
import type { Facts, Key, Step } from './step.ts'
import { runOf } from './submission-state.ts'
import type { RunRow } from './tables.ts'

/** Records that an operator has dealt with these runs, except pending ones. Returns the acknowledged runs, each once. */
export function acknowledgeRuns(runIds: readonly string[], entry: AuditEntry): Step<ListedRun[]> {
  const distinct = [...new Set(runIds)]
  return {
    keys: distinct.map((runId) => ['runs', runId]),
    more: (facts) => distinct.flatMap((runId) => submissionKeys(facts, runId)),
    decide(facts) {
      const runs = distinct.flatMap((runId) => acknowledged(facts.find('runs', runId), entry.at) ?? [])
      const listed = runs.flatMap((run) => {
        const submission = facts.find('submissions', run.submissionId)
        if (submission === undefined) return []
        const { fileId, fileName, kind } = submission
        return [{ run: runOf(run), fileId, fileName, kind }]
      })
      return { result: listed, changes: { update: { runs }, other: { auditEntries: [entry] } } }
    },
  }
}

/** The run as acknowledged at this time, or as not acknowledged (null); undefined for a pending run. */
export function acknowledged(run: RunRow | undefined, acknowledgedAt: number | null): RunRow | undefined {
  return run !== undefined && isAcknowledgeable(run) ? { ...run, acknowledgedAt } : undefined
}

function submissionKeys(facts: Facts, runId: string): Key[] {
  const run = facts.find('runs', runId)
  return run ? [['submissions', run.submissionId]] : []
}
