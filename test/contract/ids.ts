import { describe, expect, test } from 'vitest'
import { type IdKind, parseId } from '../../src/domain/ids.ts'
import { EVERY_DELIVERY } from '../../src/domain/listed-delivery.ts'
import type { Store } from '../../src/store/store.ts'
import { accepted, anAuditEntry, newAccountDelivery, newDelivery, newRejected } from './builders.ts'
import { applyFinding, listEveryRun, submit } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

function partsOf(kind: IdKind, ids: readonly (string | null)[]) {
  return ids.map((id) => {
    const parts = parseId(kind, id ?? '')
    if (parts === undefined) throw new Error(`not an id of the kind ${kind}: ${id}`)
    return parts
  })
}

/**
 * Fails unless these ids, in creation order, have increasing numbers and different checks, which are their random bits. A run has the
 * check of its submission, so the checks of runs are not compared.
 */
function expectIds(kind: IdKind, ids: readonly (string | null)[]): void {
  const parts = partsOf(kind, ids)
  const numbers = parts.map(({ number }) => number)
  expect(numbers).toEqual([...new Set(numbers)].toSorted((one, two) => one - two))
  if (kind !== 'run') expect(new Set(parts.map(({ check }) => check)).size).toBe(parts.length)
}

const newOtherDelivery = () => newAccountDelivery({ kind: 'other', eventId: null, type: null })

export function describeIds(current: () => StoreFixture): void {
  const runIdsOf = async (store: Store, submissionId: string) =>
    ((await store.findSubmission(submissionId))?.runs ?? []).map(({ runId }) => runId)

  describe('ids', () => {
    test('of submissions, runs and deliveries have increasing numbers, and a run has the check of its submission', async () => {
      const { store } = current()
      const submissionIds: string[] = []
      const runIds: string[] = []
      const deliveryIds: (string | null)[] = []
      for (let count = 0; count < 4; count += 1) {
        const submissionId = await submit(store, ['remove-bg', 'ai-tasks'], { fileId: 'file-1' })
        submissionIds.push(submissionId)
        const result = { service: 'remove-bg', status: 'success' } as const
        for (let repeated = 0; repeated < 2; repeated += 1)
          deliveryIds.push((await store.recordDelivery(newDelivery(submissionId, result))).deliveryId)
        deliveryIds.push(...(await store.keepRejected([newRejected(), newRejected()])))
        deliveryIds.push((await store.recordAccountDelivery(newOtherDelivery())).deliveryId)
        await store.applyResponse(submissionId, accepted({ unasked: 'pending' }, { fileId: 'file-1' }), 2_000)
        runIds.push(...(await runIdsOf(store, submissionId)))
      }
      expectIds('sub', submissionIds)
      expectIds('run', runIds)
      expectIds('dlv', deliveryIds)
      expect(runIds).toHaveLength(12)
      const checks = partsOf('sub', submissionIds).map(({ check }) => check)
      expect(partsOf('run', runIds).map(({ check }) => check)).toEqual(
        checks.flatMap((own) => [own, own, own]),
      )
      const { deliveries } = await store.listDeliveries(EVERY_DELIVERY, { limit: 50, before: null })
      expect(deliveries.map(({ deliveryId }) => deliveryId)).toEqual(deliveryIds.toReversed())
    })

    test('are assigned in the order of the calls, also within a batch', async () => {
      const { store } = current()
      const creating = Array.from({ length: 60 }, () => submit(store, ['remove-bg', 'ai-tasks']))
      const submissionIds = await Promise.all(creating)
      expectIds('sub', submissionIds)
      const runIds = await Promise.all(submissionIds.map((id) => runIdsOf(store, id)))
      expectIds('run', runIds.flat())
      const [first = ''] = submissionIds
      const recorded = await Promise.all(
        Array.from({ length: 60 }, (_, index) =>
          index % 3 === 0
            ? store.recordAccountDelivery(newOtherDelivery())
            : store.recordDelivery(newDelivery(first, { service: null })),
        ),
      )
      expectIds(
        'dlv',
        recorded.map(({ deliveryId }) => deliveryId),
      )
    })

    test('stay unique and in order if other steps of the batch fail', async () => {
      const { store, failInserts } = current()
      const before = await submit(store, ['remove-bg'])
      await failInserts('submissions', 7_000)
      const settled = await Promise.allSettled(
        Array.from({ length: 9 }, (_, index) =>
          submit(store, ['remove-bg'], { at: index % 3 === 1 ? 7_000 : 1_000 }),
        ),
      )
      const created = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
      expect(created).toHaveLength(6)
      const submissionIds = [before, ...created, await submit(store, ['remove-bg'])]
      expectIds('sub', submissionIds)
      const runIds = await Promise.all(submissionIds.map((id) => runIdsOf(store, id)))
      expectIds('run', runIds.flat())
      expect((await listEveryRun(store)).map(({ run }) => run.runId)).toEqual(runIds.flat().toReversed())
    })

    test.each(['a delivery', 'a rejected delivery'])(
      'continue after a restart if the last one belongs to %s',
      async (last) => {
        const deliveryIds: (string | null)[] = []
        const deliver = async (store: Store) =>
          deliveryIds.push((await store.recordAccountDelivery(newOtherDelivery())).deliveryId)
        const reject = async (store: Store) =>
          deliveryIds.push(...(await store.keepRejected([newRejected()])))
        const [first, second] = last === 'a delivery' ? [reject, deliver] : [deliver, reject]
        const { store } = current()
        const submissionIds = [await submit(store, ['remove-bg'])]
        await first(store)
        await second(store)
        for (let count = 0; count < 2; count += 1) {
          const reopened = await current().reopen()
          submissionIds.push(await submit(reopened, ['remove-bg']))
          await first(reopened)
          await second(reopened)
        }
        expectIds('sub', submissionIds)
        expectIds('dlv', deliveryIds)
        const reopened = await current().reopen()
        const runIds = await Promise.all(submissionIds.map((id) => runIdsOf(reopened, id)))
        expectIds('run', runIds.flat())
      },
    )

    test('of a forgotten asset find nothing, even when new rows are inserted after a restart', async () => {
      const { store, reopen } = current()
      await submit(store, ['remove-bg'], { fileId: 'file-2' })
      const gone = await submit(store, ['remove-bg'], { fileId: 'file-1' })
      const [goneRun = ''] = await runIdsOf(store, gone)
      const result = { service: 'remove-bg', status: 'failed', fileId: 'file-1' } as const
      const { deliveryId } = await store.recordDelivery(newDelivery(gone, result))
      await store.forgetAsset('file-1', anAuditEntry({ kind: 'forget' }))
      const reopened = await reopen()
      const created = await submit(reopened, ['remove-bg'], { fileId: 'file-3' })
      await reopened.recordDelivery(newDelivery(created, { ...result, fileId: 'file-3' }))

      expect(await reopened.findSubmission(gone)).toBeUndefined()
      expect(await reopened.findRunHistory(goneRun)).toBeUndefined()
      expect(await reopened.findDelivery(deliveryId ?? '')).toBeUndefined()
      for (const q of [gone, goneRun]) expect(await listEveryRun(reopened, { q })).toEqual([])
      expect(await reopened.recordDelivery(newDelivery(gone, result))).toMatchObject({ cause: 'forgotten' })
      expect(await applyFinding(reopened, goneRun, { kind: 'timed_out' }, 9_000)).toMatchObject({
        applied: false,
      })
      expect(await reopened.acknowledgeRuns([goneRun], anAuditEntry())).toEqual([])
      expect((await reopened.findSubmission(created))?.runs).toMatchObject([
        { status: 'failed', acknowledgedAt: null },
      ])
    })
  })
}
