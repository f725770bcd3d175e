import { describe, expect, test } from 'vitest'
import { EVERY_DELIVERY } from '../../src/domain/listed-delivery.ts'
import { accepted, anAuditEntry, newDelivery, newSubmission } from './builders.ts'
import { applyFinding, listEveryRun, submit, submitWithRuns, sweep } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

export function describeAtomicity(current: () => StoreFixture): void {
  describe('atomic steps', () => {
    test('a step that fails does not make the other steps of its batch fail', async () => {
      const { store, failInserts } = current()
      const restore = await failInserts('submissions', 7_000)
      const requests = Array.from({ length: 30 }, (_, index) => {
        const facts = index % 10 === 5 ? { at: 7_000 } : {}
        return newSubmission(['remove-bg'], { ...facts, fileName: `${index}` })
      })
      const create = (submission: (typeof requests)[number]) => store.createSubmission(submission)
      const settled = await Promise.allSettled(requests.map(create))

      const runIds: string[] = []
      const submissionIds: string[] = []
      for (const [index, { at, fileName }] of requests.entries()) {
        const outcome = settled[index]
        expect(outcome?.status).toBe(at === 7_000 ? 'rejected' : 'fulfilled')
        if (outcome?.status !== 'fulfilled') continue
        const found = await store.findSubmission(outcome.value.submissionId)
        expect(found?.runs).toHaveLength(1)
        expect(found?.submission.fileName).toBe(fileName)
        runIds.push(found?.runs[0]?.runId ?? '')
        submissionIds.push(outcome.value.submissionId)
      }
      expect((await listEveryRun(store)).map(({ run }) => run.runId)).toEqual(runIds.toReversed())
      await restore()
      const again = await Promise.all(requests.filter(({ at }) => at === 7_000).map(create))
      submissionIds.push(...again.map(({ submissionId }) => submissionId))
      expect(new Set(submissionIds).size).toBe(30)
    })

    test('if a delivery cannot be stored, its effect is rolled back', async () => {
      const { store, failInserts } = current()
      const submissionId = await submit(store, ['remove-bg', 'ai-tasks'])
      await store.recordDelivery(newDelivery(submissionId, { service: 'remove-bg', status: 'success' }))
      const restore = await failInserts('deliveries', 6_000)
      const result = { service: 'ai-tasks', status: 'failed' } as const
      const failing = newDelivery(submissionId, result, { receivedAt: 6_000 })

      await expect(store.recordDelivery(failing)).rejects.toThrow()
      const statuses = async () =>
        (await store.findSubmission(submissionId))?.runs.map(({ status }) => status)
      expect(await statuses()).toEqual(['success', 'pending'])
      const page = await store.listDeliveries(EVERY_DELIVERY, { limit: 10, before: null })
      expect(page.deliveries.map(({ service }) => service)).toEqual(['remove-bg'])
      await restore()
      expect(await store.recordDelivery(failing)).toMatchObject({ outcome: 'applied' })
      expect(await statuses()).toEqual(['success', 'failed'])
    })

    test('if the id of a retry already exists, neither the retry nor the rest of its step is recorded', async () => {
      const { store } = current()
      const submissionId = await submit(store, ['remove-bg'])
      const runId = (await store.findSubmission(submissionId))?.runs[0]?.runId ?? ''
      await store.createRetry('retry-1', [], anAuditEntry({ reason: 'first' }))
      await expect(
        store.createRetry('retry-1', [runId], anAuditEntry({ reason: 'second' })),
      ).rejects.toThrow()
      expect(await store.findRetry('retry-1')).toMatchObject({ total: 0 })
      expect(await store.nextRetryItem()).toBeUndefined()
      const { auditEntries } = await store.listAuditEntries({ limit: 9, before: null })
      expect(auditEntries.map(({ reason }) => reason)).toEqual(['first'])
    })

    test('a delivery in a batch with failing steps is stored once, with its effect', async () => {
      const { store, failInserts } = current()
      const submissionId = await submit(store, ['remove-bg', 'ai-tasks'])
      await failInserts('submissions', 7_000)
      const deliver = (service: string) =>
        store.recordDelivery(newDelivery(submissionId, { service, status: 'success' }))
      const settled = await Promise.allSettled([
        deliver('remove-bg'),
        store.applyResponse('unknown', accepted({}), 3_000),
        deliver('ai-tasks'),
        submit(store, ['remove-bg'], { at: 7_000 }),
      ])

      expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected'])
      const found = await store.findSubmission(submissionId)
      expect(found?.runs.map((run) => run.status)).toEqual(['success', 'success'])
      const page = await store.listDeliveries(EVERY_DELIVERY, { limit: 10, before: null })
      expect(page.deliveries.map(({ service }) => service)).toEqual(['ai-tasks', 'remove-bg'])
    })

    test('steps take effect in the order of their calls', async () => {
      const { store } = current()
      const submissionId = await submit(store, ['remove-bg'])
      const deliverResult = (status: 'success' | 'failed') =>
        store.recordDelivery(newDelivery(submissionId, { service: 'remove-bg', status }))
      const response = accepted({ 'remove-bg': 'pending' })
      const [, first, second] = await Promise.all([
        store.applyResponse(submissionId, response, 1_500),
        deliverResult('failed'),
        deliverResult('success'),
      ])
      expect([first.outcome, second.outcome]).toEqual(['applied', 'contradicted'])
    })

    test('steps that name the same runs in opposite orders each keep their own order', async () => {
      const { store } = current()
      const submitted = [
        await submitWithRuns(store, ['remove-bg', 'ai-tasks']),
        await submitWithRuns(store, ['remove-bg']),
      ]
      const runIds = submitted.flatMap(({ runs }) => runs.map(({ runId }) => runId))
      await sweep(store)
      for (const runId of runIds) await applyFinding(store, runId, { kind: 'timed_out' }, 4_000)
      const orders = [runIds, runIds.toReversed(), runIds]
      const acknowledged = await Promise.all(orders.map((ids) => store.acknowledgeRuns(ids, anAuditEntry())))
      expect(acknowledged.map((listed) => listed.map(({ run }) => run.runId))).toEqual(orders)
      await Promise.all(
        orders.slice(0, 2).map((ids, index) => store.createRetry(`retry-${index}`, ids, anAuditEntry())),
      )
      const items: (string | undefined)[] = []
      for (let item = await store.nextRetryItem(); item; item = await store.nextRetryItem()) {
        items.push(item.runId)
        await store.endRetryItem(item.itemId, 'failed', null)
      }
      expect(items).toEqual([...runIds, ...runIds.toReversed()])
    })

    test('each probe commits a step, even at the same time as others', async () => {
      const { store } = current()
      const steps: number[] = []
      store.watchCommits((commit) => steps.push(commit.steps))
      await Promise.all(Array.from({ length: 10 }, () => store.probe()))
      await store.probe()
      expect(steps.reduce((sum, count) => sum + count, 0)).toBe(11)
    })
  })
}
