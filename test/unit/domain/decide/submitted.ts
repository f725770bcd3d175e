import type { ClaimRow, RunRow, SubmissionRow } from '../../../../src/domain/decide/rows.ts'
import { createSubmission } from '../../../../src/domain/decide/submission.ts'
import { bindingOf } from '../../../../src/domain/decide/submission-state.ts'
import type { NewSubmission } from '../../../../src/domain/submission.ts'
import { newSubmission } from '../../../contract/builders.ts'
import { createMemory, type Memory } from './memory.ts'

/** A caller's own `webhookUrl`. */
export const HOOK = 'https://caller.example/hook'

/** An idempotency key whose request has submitted `s1` and is still running. */
export const CLAIM: ClaimRow = {
  scope: 'key-1',
  nonce: 'own',
  claimedAt: 1_000,
  fingerprint: 'abc',
  submissionId: 's1',
  abandoned: false,
  response: null,
}

type SubmissionFacts = Partial<NewSubmission> &
  Partial<Pick<SubmissionRow, 'submissionId' | 'state' | 'requestId'>>

/**
 * Adds a submission and its runs to `memory`, or to an empty one: `s1` with `s1-run-1`, `s1-run-2`, … unless `submissionId` is another
 * id. Unless the submission is rejected, its runs are as after a sweep that found them overdue: due at 1,500.
 */
export function submitted(
  names: string[],
  { submissionId = 's1', state = 'submitting', requestId = null, ...facts }: SubmissionFacts = {},
  memory = createMemory(),
): Memory {
  const request = newSubmission(names, facts)
  const ids = { submission: () => submissionId, run: numbered(`${submissionId}-run`) }
  memory.run(createSubmission(request), ids)
  const row = memory.find('submissions', submissionId)
  if (row) memory.put('submissions', { ...row, state, requestId })
  const isListed = state !== 'rejected'
  const binding = row && bindingOf({ ...row, state })
  const rowFields = { dueAt: isListed ? 1_500 : null, isOverdue: isListed, isListed, ...binding }
  for (const run of memory.rows.runs.filter((one) => one.submissionId === submissionId))
    memory.put('runs', { ...run, ...rowFields })
  return memory
}

/** A source of ids: the prefix with `-1`, `-2`, … */
export function numbered(prefix: string): () => string {
  let count = 0
  return () => `${prefix}-${++count}`
}

export function changeRun(memory: Memory, runId: string, facts: Partial<RunRow>): RunRow {
  const run = memory.find('runs', runId)
  if (run === undefined) throw new Error(`there is no ${runId}`)
  const changed = { ...run, ...facts }
  memory.put('runs', changed)
  return changed
}
