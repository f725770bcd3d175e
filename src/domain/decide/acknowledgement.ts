import type { AuditEntry } from '../audit-entry.ts'
import { isAcknowledgeable } from '../run.ts'
import type { ListedRun } from '../run-filter.ts'
import type { Facts, Key, Step } from './step.ts'
import { runOf } from './submission-state.ts'
import type { RunRow } from './tables.ts'

/** Records that an operator has dealt with these runs. Those that are pending are left out. Returns the others, each once. */
export function acknowledgeRuns(runIds: readonly string[], act: AuditEntry): Step<ListedRun[]> {
  const distinct = [...new Set(runIds)]
  return {
    keys: distinct.map((runId) => ['runs', runId]),
    more: (facts) => distinct.flatMap((runId) => submissionKeys(facts, runId)),
    decide(facts) {
      const runs = distinct.flatMap((runId) => acknowledged(facts.find('runs', runId), act.at) ?? [])
      const listed = runs.flatMap((run) => {
        const submission = facts.find('submissions', run.submissionId)
        if (submission === undefined) return []
        const { fileId, fileName, kind } = submission
        return [{ run: runOf(run), fileId, fileName, kind }]
      })
      return { result: listed, changes: { update: { runs }, other: { acts: [act] } } }
    },
  }
}

/** The run as acknowledged at this time, or with null as not; undefined for one that is pending, which can't be either. */
export function acknowledged(run: RunRow | undefined, acknowledgedAt: number | null): RunRow | undefined {
  return run !== undefined && isAcknowledgeable(run) ? { ...run, acknowledgedAt } : undefined
}

function submissionKeys(facts: Facts, runId: string): Key[] {
  const run = facts.find('runs', runId)
  return run ? [['submissions', run.submissionId]] : []
}
