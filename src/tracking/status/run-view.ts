import type { Json } from '../../domain/json.ts'
import type { Run, RunSource, RunStatus } from '../../domain/run.ts'

/** A run as the API returns it; times are RFC 3339 in UTC, with milliseconds. */
export type RunView = {
  runId: string
  name: string
  status: RunStatus
  source: RunSource
  attempt: number
  submissionId: string
  requestedAt: string
  settledAt: string | null
  error: Json | null
}

export function runView(run: Run): RunView {
  return {
    runId: run.runId,
    name: run.name,
    status: run.status,
    source: run.source,
    attempt: run.attempt,
    submissionId: run.submissionId,
    requestedAt: new Date(run.requestedAt).toISOString(),
    settledAt: run.settledAt === null ? null : new Date(run.settledAt).toISOString(),
    error: run.error,
  }
}
