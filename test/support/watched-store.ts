import { TrackerError } from '../../src/domain/errors.ts'
import type { KeyClaim } from '../../src/domain/idempotency.ts'
import type { NewSubmission } from '../../src/domain/submission.ts'
import type { Store, StoreHandle } from '../../src/store/store.ts'
import { openStoreOf, type TestDatabase } from './database.ts'

/** The real store over a database, which tells what submissions were made and can be switched off step by step. */
export async function openWatchedStore(database: TestDatabase) {
  const real = await openStoreOf(database)
  const created: (NewSubmission & { submissionId: string })[] = []
  const claims: KeyClaim[] = []
  /** The names of the steps that are refused at the moment. */
  const refused = new Set<keyof Store>()
  /** The names of the steps that are done, but fail as if the connection had broken during their commit. */
  const unclear = new Set<keyof Store>()
  let hold: Promise<void> | undefined

  const guard = async <T>(name: keyof Store, step: () => Promise<T>): Promise<T> => {
    if (refused.has(name)) throw new TrackerError('store_unavailable', 'The disk is full.')
    const result = await step()
    if (unclear.has(name))
      throw new TrackerError('store_unavailable', 'The connection broke.', { mayBeCommitted: true })
    return result
  }

  const store: StoreHandle = {
    ...real,
    createSubmission: (submission, key) =>
      guard('createSubmission', async () => {
        const made = await real.createSubmission(submission, key)
        created.push({ ...submission, ...made })
        await hold
        return made
      }),
    applyResponse: (...given) => guard('applyResponse', () => real.applyResponse(...given)),
    claimIdempotencyKey: (claim, at) =>
      guard('claimIdempotencyKey', () => {
        claims.push(claim)
        return real.claimIdempotencyKey(claim, at)
      }),
    recordDelivery: (delivery) => guard('recordDelivery', () => real.recordDelivery(delivery)),
    readStats: (...given) => guard('readStats', () => real.readStats(...given)),
    submitRetry: (...given) => guard('submitRetry', () => real.submitRetry(...given)),
    releaseIdempotencyKey: (claim) => guard('releaseIdempotencyKey', () => real.releaseIdempotencyKey(claim)),
  }
  return {
    store,
    created,
    claims,
    refused,
    unclear,
    /** Until `go` is called a submission, though committed, is not told to be. */
    holdCommits: (): { go: () => void } => {
      let go = () => {}
      hold = new Promise((resolve) => {
        go = resolve
      })
      return { go }
    },
  }
}
