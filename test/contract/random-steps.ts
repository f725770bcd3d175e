import fc from 'fast-check'
import type { FinalStatus } from '../../src/domain/run.ts'
import type { Store } from '../../src/store/store.ts'
import { accepted, anAuditEntry, EVIDENCE, newDelivery, newSubmission, unaccepted } from './builders.ts'
import { applyFinding, submit, sweep } from './store-calls.ts'
import { withLease } from './with-lease.ts'

export const HOUR = 3_600_000
/**
 * The database rejects deliveries received, and submissions created, at this time (see `failInserts`). Steps that should succeed
 * insert rows only with earlier times.
 */
export const FAILING_AT = 31 * HOUR
const NAMES = ['remove-bg', 'ai-tasks', 'saved-extension']

/** One action on a store; `index` selects the submission that it is about. */
export type Step =
  | { kind: 'submit'; names: string[]; fileId: string | null; at: number }
  | { kind: 'failing submit' | 'failing webhook' | 'forget' | 'gone' | 'retry'; index: number }
  | {
      kind: 'respond'
      index: number
      statuses: { [name: string]: 'pending' | FinalStatus }
      /** ImageKit has queued the upload, so its response names no file. */
      isQueued: boolean
    }
  /** ImageKit did not accept the submission (`rejected`), or it is unknown whether it did (`unconfirmed`). */
  | { kind: 'reject'; index: number; as: 'rejected' | 'unconfirmed' }
  | { kind: 'webhook'; index: number; service: string; status: FinalStatus; code: string | null; at: number }
  | { kind: 'finding'; index: number; finding: 'evidence' | 'timed_out' | 'asset_gone' }
  | { kind: 'acknowledge'; indexes: number[] }
  /** Adds counter deltas to the counters. */
  | { kind: 'fold' }

const index = fc.nat(6)
const at = fc.integer({ min: 0, max: 30 * HOUR })
const finalStatus = fc.constantFrom<FinalStatus>('success', 'failed')
const service = fc.constantFrom('remove-bg', 'ai-tasks', 'surprise')
export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('submit' as const),
      names: fc.subarray(NAMES, { minLength: 1 }),
      fileId: fc.constantFrom('file-1', 'file-2', null),
      at,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('failing submit' as const, 'failing webhook', 'forget', 'gone', 'retry'),
      index,
    }),
  },
  fc.record({
    kind: fc.constant('respond' as const),
    index,
    statuses: fc.dictionary(service, fc.constantFrom('pending' as const, 'success', 'failed')),
    isQueued: fc.boolean(),
  }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('reject' as const),
      index,
      as: fc.constantFrom('rejected' as const, 'unconfirmed'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('webhook' as const),
      index,
      service,
      status: finalStatus,
      code: fc.option(fc.constantFrom('E1', 'E2', 'E3')),
      at,
    }),
  },
  fc.record({
    kind: fc.constant('finding' as const),
    index,
    finding: fc.constantFrom('evidence' as const, 'timed_out', 'asset_gone'),
  }),
  fc.record({ kind: fc.constant('acknowledge' as const), indexes: fc.array(index, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('fold' as const) }),
)

/** The submissions that the `submit` steps have created, even if they were forgotten since. Retries add none. */
export type KnownSubmissions = { submissionId: string; fileId: string | null }[]

export async function perform(store: Store, known: KnownSubmissions, step: Step): Promise<unknown> {
  if (step.kind === 'submit') {
    const { fileId } = step
    known.push({ submissionId: await submit(store, step.names, { fileId, at: step.at }), fileId })
    return
  }
  if (step.kind === 'acknowledge') {
    const found = await Promise.all(step.indexes.map((one) => runsOf(store, known, one)))
    return store.acknowledgeRuns(
      found.flatMap((runs) => runs.map(({ runId }) => runId)),
      anAuditEntry(),
    )
  }
  if (step.kind === 'fold') return withLease(store).foldCounters()
  const submission = known[step.index % Math.max(1, known.length)]
  if (submission === undefined) return
  const { submissionId, fileId } = submission
  switch (step.kind) {
    case 'failing submit':
      // The batch has counted the run before the submission's insert fails. No other run has this name, so a count that remains is noticed.
      return submit(store, ['fresh'], { fileId, at: FAILING_AT })
    case 'failing webhook': {
      const result = { service: 'ai-tasks', status: 'failed', fileId } as const
      const facts = { receivedAt: FAILING_AT }
      return store.recordDelivery(
        // No other failure has this cause, so here, too, a count that remains is noticed.
        newDelivery(submissionId, { ...result, error: { code: 'only here' } }, facts),
      )
    }
    case 'forget':
      return fileId === null ? undefined : store.forgetAsset(fileId, anAuditEntry({ kind: 'forget' }))
    case 'gone':
      return store.recordAssetGone(fileId ?? 'unknown', 4 * HOUR)
    case 'retry': {
      const [run] = await runsOf(store, known, step.index)
      const again = newSubmission([run?.name ?? 'remove-bg'], { fileId, kind: 'update', attempt: 2 })
      return store.submitRetry(run?.runId ?? '', again, { entry: anAuditEntry({ kind: 'retry' }) })
    }
    case 'respond': {
      const facts = { fileId: step.isQueued ? null : fileId }
      return store.applyResponse(submissionId, accepted(step.statuses, facts), 2 * HOUR)
    }
    case 'reject':
      return store.applyResponse(submissionId, unaccepted(step.as), 3 * HOUR)
    case 'webhook': {
      const { service: name, status, code } = step
      const error = code === null ? null : { code }
      const result = { service: name, status, fileId, error }
      return store.recordDelivery(newDelivery(submissionId, result, { receivedAt: step.at }))
    }
    case 'finding': {
      const [run] = await runsOf(store, known, step.index)
      const finding = step.finding === 'evidence' ? EVIDENCE : { kind: step.finding }
      // This time is later than every request, so each pending run becomes due, except those of rejected submissions.
      await sweep(store, { now: FAILING_AT })
      return applyFinding(store, run?.runId ?? '', finding, 4 * HOUR)
    }
  }
}

async function runsOf(store: Store, known: KnownSubmissions, index: number) {
  const submission = known[index % Math.max(1, known.length)]
  return (submission && (await store.findSubmission(submission.submissionId))?.runs) ?? []
}
