import { TrackerError } from '../../src/domain/errors.ts'
import type { KeyClaim } from '../../src/domain/idempotency.ts'
import type { NewSubmission } from '../../src/domain/submission.ts'
import type { Store, StoreHandle } from '../../src/store/store.ts'
import { openStoreOf, type TestDatabase } from './database.ts'

/**
 * Opens a real store and wraps some of its methods: they record the created submissions, and the claims of idempotency keys that reach
 * the store, and can be made to fail.
 */
export async function openWatchedStore(database: TestDatabase) {
  const real = await openStoreOf(database)
  const created: (NewSubmission & { submissionId: string })[] = []
  const claims: KeyClaim[] = []
  /** Add the names of wrapped methods that should fail without calling the store. */
  const failing = new Set<keyof Store>()
  /** Add the names of wrapped methods that should commit, and then fail as if the connection had broken during the commit. */
  const uncertain = new Set<keyof Store>()
  let pause: Promise<void> | undefined

  const guard = async <T>(name: keyof Store, step: () => Promise<T>): Promise<T> => {
    if (failing.has(name)) throw new TrackerError('store_unavailable', 'The disk is full.')
    const result = await step()
    if (uncertain.has(name))
      throw new TrackerError('store_unavailable', 'The connection broke.', { mayBeCommitted: true })
    return result
  }

  const store: StoreHandle = {
    ...real,
    createSubmission: (submission, key) =>
      guard('createSubmission', async () => {
        const result = await real.createSubmission(submission, key)
        created.push({ ...submission, ...result })
        await pause
        return result
      }),
    applyResponse: (...args) => guard('applyResponse', () => real.applyResponse(...args)),
    claimIdempotencyKey: (claim, at) =>
      guard('claimIdempotencyKey', () => {
        claims.push(claim)
        return real.claimIdempotencyKey(claim, at)
      }),
    recordDelivery: (delivery) => guard('recordDelivery', () => real.recordDelivery(delivery)),
    readStats: (...args) => guard('readStats', () => real.readStats(...args)),
    submitRetry: (...args) => guard('submitRetry', () => real.submitRetry(...args)),
    releaseIdempotencyKey: (claim) => guard('releaseIdempotencyKey', () => real.releaseIdempotencyKey(claim)),
  }
  return {
    store,
    created,
    claims,
    failing,
    uncertain,
    /** Delays the result of `createSubmission` after its commit until `resume` is called. */
    pauseAfterCommit: (): { resume: () => void } => {
      let resume = () => {}
      pause = new Promise((resolve) => {
        resume = resolve
      })
      return { resume }
    },
  }
}
