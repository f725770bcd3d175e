import type { AuditEntry } from '../audit-entry.ts'
import { isAcknowledgeable } from '../run.ts'
import type { ListedRun } from '../run-filter.ts'
import type { RunRow } from './rows.ts'
import type { Facts, Key, Step } from './step.ts'
import { runOf } from './submission-state.ts'

/**
 * Records that an operator has dealt with these runs, except pending and unknown ones. Returns the acknowledged runs, each once. If
 * there is none, nothing is written.
 */
export function acknowledgeRuns(runIds: readonly string[], entry: AuditEntry): Step<ListedRun[]> {
  const distinct = [...new Set(runIds)]
  return {
    keys: distinct.map((runId) => ['runs', runId]),
    more: (facts) => distinct.flatMap((runId) => submissionKeys(facts, runId)),
    decide(facts) {
      const runs = distinct.flatMap((runId) => acknowledged(facts.find('runs', runId), entry.at) ?? [])
      const listed = runs.flatMap((run) => listedRun(facts, run) ?? [])
      if (runs.length === 0) return { result: [], changes: {} }
      return { result: listed, changes: { update: { runs }, other: { auditEntries: [entry] } } }
    },
  }
}

/**
 * Revokes the acknowledgement of a run, and returns the run; undefined if it is unknown. For a run that is not acknowledged,
 * nothing is written.
 */
export function unacknowledgeRun(runId: string, entry: AuditEntry): Step<ListedRun | undefined> {
  return {
    keys: [['runs', runId]],
    more: (facts) => submissionKeys(facts, runId),
    decide(facts) {
      const run = facts.find('runs', runId)
      if (run === undefined) return { result: undefined, changes: {} }
      const revoked = { ...run, acknowledgedAt: null }
      const changes =
        run.acknowledgedAt === null ? {} : { update: { runs: [revoked] }, other: { auditEntries: [entry] } }
      return { result: listedRun(facts, revoked), changes }
    },
  }
}

/** The run as acknowledged at this time, or as not acknowledged (null); undefined for a pending or unknown run. */
export function acknowledged(run: RunRow | undefined, acknowledgedAt: number | null): RunRow | undefined {
  return run !== undefined && isAcknowledgeable(run) ? { ...run, acknowledgedAt } : undefined
}

function listedRun(facts: Facts, run: RunRow): ListedRun | undefined {
  const submission = facts.find('submissions', run.submissionId)
  if (submission === undefined) return undefined
  const { fileId, fileName, kind } = submission
  return { run: runOf(run), fileId, fileName, kind }
}

function submissionKeys(facts: Facts, runId: string): Key[] {
  const run = facts.find('runs', runId)
  return run ? [['submissions', run.submissionId]] : []
}
