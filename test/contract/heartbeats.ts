import { describe, expect, test } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { anAuditEntry, newDelivery, newKeyClaim, newSubmission } from './builders.ts'
import { submit } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

/** Recovery of the work of processes that no longer write heartbeats. */
export function describeHeartbeats(current: () => StoreFixture): void {
  const openBoth = async (): Promise<[Store, Store]> => [
    current().store,
    await current().openAnotherProcess(),
  ]
  const stateOf = async (store: Store, submissionId: string) =>
    (await store.findSubmission(submissionId))?.submission.state
  /** A process writes a heartbeat at 10,000 and begins work that it never ends. */
  const beginWork = async (store: Store) => {
    await store.heartbeat(10_000)
    const submissionId = await submit(store, ['remove-bg'])
    await store.claimIdempotencyKey(newKeyClaim('free'), 9_000)
    const failed = await submit(store, ['remove-bg'], { fileId: 'file-0', kind: 'update' })
    const result = { service: 'remove-bg', status: 'failed', fileId: 'file-0' } as const
    const runId = (await store.recordDelivery(newDelivery(failed, result))).runId ?? ''
    await store.createRetry('retry-1', [runId], anAuditEntry({ kind: 'retry' }))
    const { itemId = 0 } = (await store.nextRetryItem()) ?? {}
    const again = newSubmission(['remove-bg'], { fileId: 'file-0', kind: 'update', attempt: 2 })
    await store.submitRetry(runId, again, { itemId })
    const sent = newKeyClaim('sent')
    await store.claimIdempotencyKey(sent, 9_000)
    await store.createSubmission(newSubmission([]), { ...sent, fingerprint: 'abc' })
    return { submissionId, itemId }
  }

  describe('a heartbeat', () => {
    test('that is old lets recovery end the process’s uploads, keys and retry items, once', async () => {
      const [one, two] = await openBoth()
      const { submissionId, itemId } = await beginWork(two)
      await one.heartbeat(40_000)
      // The upload, the one with the key `sent`, and the retry. A webhook has already accepted the fourth.
      expect(await one.recoverAbandoned(40_000, 10_000)).toEqual({ submissions: 3 })
      expect(await stateOf(one, submissionId)).toBe('unconfirmed')
      expect(await one.claimIdempotencyKey(newKeyClaim('free'), 40_000)).toEqual({ kind: 'claimed' })
      expect(await one.claimIdempotencyKey(newKeyClaim('sent'), 40_000)).toMatchObject({ kind: 'abandoned' })
      expect(await one.findRetry('retry-1')).toMatchObject({ done: 1, failed: 1, state: 'done' })
      await two.endRetryItem(itemId, 'waiting', null)
      expect(await one.nextRetryItem()).toBeUndefined()
      expect(await one.recoverAbandoned(50_000, 20_000)).toEqual({ submissions: 0 })
    })

    test('that is recent keeps the process’s work from recovery', async () => {
      const [one, two] = await openBoth()
      const { submissionId } = await beginWork(two)
      await one.heartbeat(39_999)
      expect(await one.recoverAbandoned(39_999, 9_999)).toEqual({ submissions: 0 })
      expect(await stateOf(one, submissionId)).toBe('submitting')
      for (const scope of ['free', 'sent'])
        expect(await one.claimIdempotencyKey(newKeyClaim(scope), 40_000)).toMatchObject({ kind: 'running' })
      expect(await one.findRetry('retry-1')).toMatchObject({ done: 0 })
    })

    test('makes a silent process count as alive again, and a process that has written one never recovers its own work', async () => {
      const [one, two] = await openBoth()
      const { submissionId } = await beginWork(two)
      expect(await two.recoverAbandoned(90_000, 60_000)).toEqual({ submissions: 0 })
      await two.heartbeat(70_000)
      expect(await one.recoverAbandoned(90_000, 60_000)).toEqual({ submissions: 0 })
      expect(await stateOf(one, submissionId)).toBe('submitting')
    })

    test('of a process that was assumed dead counts again', async () => {
      const [one, two] = await openBoth()
      await two.heartbeat(10_000)
      await one.recoverAbandoned(90_000, 60_000)
      await two.heartbeat(91_000)
      const submissionId = await submit(two, ['remove-bg'])
      expect(await one.recoverAbandoned(92_000, 62_000)).toEqual({ submissions: 0 })
      expect(await stateOf(one, submissionId)).toBe('submitting')
    })
  })
}
