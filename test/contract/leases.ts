import { describe, expect, test } from 'vitest'
import type { Alert } from '../../src/domain/alert.ts'
import type { Lease } from '../../src/domain/decide/lease.ts'
import { IDEMPOTENCY_WINDOW_MS } from '../../src/domain/idempotency.ts'
import type { Store } from '../../src/store/store.ts'
import { FILE_ID, newDelivery, newKeyClaim, newSubmission, unaccepted } from './builders.ts'
import { countsOf, submit } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

const TTL = 30_000
const FAR_FUTURE = 1_000_000
const ALERT: Alert = {
  alertId: 'alert-1',
  kind: 'failures',
  extension: 'remove-bg',
  state: 'firing',
  since: 1_000,
  passedAt: 1_000,
  resolvedAt: null,
  value: 10,
  isReported: false,
}

/** The lease selects one of several processes for work that only one may do. */
export function describeLeases(current: () => StoreFixture): void {
  const openTwoProcesses = async (): Promise<[Store, Store]> => [
    current().store,
    await current().openAnotherProcess(),
  ]

  describe('the lease', () => {
    test('goes to one of two processes that request it at the same time', async () => {
      const handles = await openTwoProcesses()
      const acquired = await Promise.all(handles.map((store) => store.acquireLease(10_000, TTL)))
      expect(acquired.filter((lease) => lease !== null)).toEqual([{ epoch: 1 }])
    })

    test('is extended by its holder, and goes to another process with the next epoch once it has expired', async () => {
      const [one, two] = await openTwoProcesses()
      expect(await one.acquireLease(10_000, TTL)).toEqual({ epoch: 1 })
      expect(await one.acquireLease(20_000, TTL)).toEqual({ epoch: 1 })
      expect(await two.acquireLease(49_999, TTL)).toBeNull()
      expect(await two.acquireLease(50_000, TTL)).toEqual({ epoch: 2 })
      expect(await one.acquireLease(50_001, TTL)).toBeNull()
    })

    test('can be acquired at once after its holder has released it; no other process can release it', async () => {
      const [one, two] = await openTwoProcesses()
      const lease = (await one.acquireLease(10_000, TTL)) ?? { epoch: 0 }
      await two.releaseLease(lease)
      expect(await two.acquireLease(10_001, TTL)).toBeNull()
      await one.releaseLease(lease)
      expect(await two.acquireLease(10_001, TTL)).toEqual({ epoch: 2 })
    })
  })

  /** A call of each method that requires the lease, except `releaseLease`. `loseLease` prepares something for each to change. */
  const METHODS: { [method: string]: (store: Store, lease: Lease) => Promise<unknown> } = {
    sweepOverdue: (store, lease) => store.sweepOverdue(lease, FAR_FUTURE, 0),
    foldCounters: (store, lease) => store.foldCounters(lease),
    deleteExpiredKeys: (store, lease) => store.deleteExpiredKeys(lease, 1_000 + IDEMPOTENCY_WINDOW_MS),
    pruneBodies: (store, lease) => store.pruneBodies(lease, FAR_FUTURE, 10, null),
    deleteOldSubmissions: (store, lease) => store.deleteOldSubmissions(lease, FAR_FUTURE, FAR_FUTURE, null),
    saveAlerts: (store, lease) => store.saveAlerts(lease, [{ ...ALERT, alertId: 'alert-2' }]),
    recordAlertReported: (store, lease) => store.recordAlertReported(lease, ALERT),
    saveClockTrust: (store, lease) => store.saveClockTrust(lease, { trustedAt: 9_000, doubtedMs: 9 }),
  }
  /** Reads all that these methods change, except that folding the counters is not visible to any read. */
  const readAll = async (store: Store, deliveryId: string) => ({
    due: await store.listDue(FAR_FUTURE, 10),
    body: (await store.findDelivery(deliveryId))?.body,
    asset: await store.findAsset(FILE_ID),
    alerts: await store.listAlerts(),
    trust: await store.findClockTrust(),
    newestClaimAt: await store.findNewestKeyClaimAt(),
    counts: await countsOf(store),
  })
  /** Stores a response under a key that was claimed at 1,000 and expires 24 hours later. */
  const respondUnderKey = async (store: Store) => {
    const claim = newKeyClaim('key-1')
    await store.claimIdempotencyKey(claim, 1_000)
    const key = { ...claim, fingerprint: 'abc' }
    const { submissionId } = await store.createSubmission(newSubmission([]), key)
    const response = { status: 400, headers: {}, body: '{}' }
    await store.applyResponse(submissionId, unaccepted('rejected'), 2_000, { ...claim, response })
  }
  /** A store with something to do for each method, and a holder that was paused and has lost the lease. */
  const loseLease = async () => {
    const [paused, next] = await openTwoProcesses()
    const lost = (await paused.acquireLease(1_000, TTL)) ?? { epoch: 0 }
    const settled = await submit(paused, ['remove-bg'], { fileId: FILE_ID, kind: 'update' })
    const result = { service: 'remove-bg', status: 'success' } as const
    const { deliveryId } = await paused.recordDelivery(newDelivery(settled, result))
    await respondUnderKey(paused)
    await paused.saveAlerts(lost, [ALERT])
    await paused.saveClockTrust(lost, { trustedAt: 1_000, doubtedMs: 0 })
    await paused.foldCounters(lost)
    await submit(paused, ['ai-tasks'])
    const newLease = (await next.acquireLease(1_000 + TTL, TTL)) ?? { epoch: 0 }
    return { paused, next, lost, newLease, deliveryId: deliveryId ?? '' }
  }

  describe('a holder that was paused and has lost the lease', () => {
    test.each(Object.entries(METHODS))('changes nothing with %s, and gets null', async (method, call) => {
      const { paused, next, lost, newLease, deliveryId } = await loseLease()
      const before = await readAll(next, deliveryId)
      expect(await call(paused, lost)).toBeNull()
      expect(await readAll(next, deliveryId)).toEqual(before)
      // The process must be the holder, and the epoch the current one; one of the two is not enough.
      expect(await call(paused, newLease)).toBeNull()
      expect(await call(next, lost)).toBeNull()
      expect(await readAll(next, deliveryId)).toEqual(before)

      expect(await call(next, newLease)).not.toBeNull()
      const after = await readAll(next, deliveryId)
      if (method !== 'foldCounters') expect(after).not.toEqual(before)
    })
  })
}
