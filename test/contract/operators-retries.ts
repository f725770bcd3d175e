import { describe, expect, test } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { FILE_ID, newSubmission, refused, unknownIds } from './facts.ts'
import type { OpenedStore } from './opened-store.ts'
import { anAct, listEveryPage, say, submitTo } from './operator-facts.ts'

const MANY = anAct({ kind: 'retry_many', subject: 'retry-1' })

/** Runs that may be asked for again, each of a file of its own. */
async function failMany(store: Store, count: number): Promise<string[]> {
  const runIds: string[] = []
  for (let index = 0; index < count; index += 1) {
    const { submissionId, runId } = await submitTo(store, ['remove-bg'], { fileId: `file-${index}` })
    await say(store, submissionId, 'remove-bg', 'failed')
    runIds.push(runId)
  }
  return runIds
}

function asking(fileId = 'file-0', facts: Partial<ReturnType<typeof newSubmission>> = {}) {
  return newSubmission(['remove-bg'], { kind: 'update', fileId, attempt: 2, ...facts })
}

/** Asks for a run again, which must not be refused. */
async function retry(
  store: Store,
  runId: string,
  again: ReturnType<typeof newSubmission>,
  origin: Parameters<Store['submitRetry']>[2],
): Promise<{ submissionId: string; runIds: string[] }> {
  const submitted = await store.submitRetry(runId, again, origin)
  if ('refusal' in submitted) throw new Error(`refused: ${submitted.refusal}`)
  return submitted
}

const countRuns = async (store: Store) => (await listEveryPage(store)).length

export function describeOperatorsRetries(current: () => OpenedStore): void {
  describe('asking for a run again', () => {
    test('writes the submission and the act together, and names its runs', async () => {
      const { store, refuse } = current()
      const [runId = ''] = await failMany(store, 1)
      const act = anAct({ kind: 'retry', subject: runId })
      const { submissionId, runIds } = await retry(store, runId, asking(), { act })
      const found = await store.findSubmission(submissionId)
      expect(runIds).toEqual(found?.runs.map((run) => run.runId))
      expect(found?.runs).toMatchObject([{ name: 'remove-bg', status: 'pending', attempt: 2 }])
      expect((await store.listAuditEntries({ limit: 9, before: null })).acts).toEqual([act])
      expect(await store.findRunHistory(runId)).toMatchObject({ currentRunId: found?.runs[0]?.runId })

      const [retried = ''] = runIds
      expect(await store.submitRetry(retried, asking(), { act })).toEqual({ refusal: 'pending' })
      await say(store, submissionId, 'remove-bg', 'failed')
      // The submission cannot be written, and neither can the act, nor is the run acknowledged.
      await refuse('submissions', 7_000)
      await expect(store.submitRetry(retried, asking('file-0', { at: 7_000 }), { act })).rejects.toThrow()
      expect((await store.listAuditEntries({ limit: 9, before: null })).acts).toHaveLength(1)
      expect(await store.findRunHistory(retried)).toMatchObject({
        run: { acknowledgedAt: null },
        currentRunId: null,
      })
      expect(await countRuns(store)).toBe(2)
    })

    test('names a run of each extension, in the order in which they were asked for', async () => {
      const { store } = current()
      const [runId = ''] = await failMany(store, 1)
      const again = newSubmission(['remove-bg', 'ai-tasks', 'remove-bg'], {
        fileId: 'file-0',
        kind: 'update',
      })
      const { submissionId, runIds } = await retry(store, runId, again, { act: anAct() })
      const runs = (await store.findSubmission(submissionId))?.runs ?? []
      expect(runs.map(({ name }) => name)).toEqual(['remove-bg', 'ai-tasks'])
      expect(runIds).toEqual(runs.map((run) => run.runId))
    })

    test('that ImageKit rejects reopens the run, unless an operator had acknowledged it', async () => {
      const { store } = current()
      const [open = '', acknowledged = ''] = await failMany(store, 2)
      await store.acknowledgeRuns([acknowledged], anAct({ at: 6_000 }))
      const times = () =>
        Promise.all(
          [open, acknowledged].map(async (id) => (await store.findRunHistory(id))?.run.acknowledgedAt),
        )
      for (const [index, runId] of [open, acknowledged].entries()) {
        const again = asking(`file-${index}`, { at: 7_000 })
        const { submissionId } = await retry(store, runId, again, { act: anAct() })
        await store.applyResponse(submissionId, refused('rejected'), 7_100)
      }
      expect(await times()).toEqual([7_000, 6_000])
      for (const runId of [open, acknowledged, 'nowhere']) await store.withdrawRetry(runId, 7_000)
      expect(await times()).toEqual([null, 6_000])
    })

    test('is refused where it is written, when two ask at once: nothing is written of the second', async () => {
      const { store } = current()
      const [runId = ''] = await failMany(store, 1)
      const act = anAct({ kind: 'retry', subject: runId })
      const asked = [asking(), asking()]
      const told = await Promise.all(asked.map((again) => store.submitRetry(runId, again, { act })))
      const written = { submissionId: expect.any(String), runIds: [expect.any(String)] }
      expect(told).toEqual([written, { refusal: 'not_current' }])
      expect(await countRuns(store)).toBe(2)
      expect((await store.listAuditEntries({ limit: 9, before: null })).acts).toHaveLength(1)
    })

    test('is refused for what is pending, without a file or not there', async () => {
      const { store } = current()
      const pending = await submitTo(store, ['remove-bg'], { fileId: FILE_ID })
      const nameless = await submitTo(store, ['remove-bg'])
      const act = anAct({ kind: 'retry' })
      expect(await store.submitRetry(pending.runId, asking(FILE_ID), { act })).toEqual({ refusal: 'pending' })
      expect(await store.submitRetry(nameless.runId, asking(), { act })).toEqual({ refusal: 'no_file' })
      const [failed = ''] = await failMany(store, 1)
      for (const unknown of ['nowhere', ...unknownIds(failed)])
        expect(await store.submitRetry(unknown, asking(), { act })).toEqual({ refusal: 'no_file' })
      expect(await countRuns(store)).toBe(3)
      expect((await store.listAuditEntries({ limit: 9, before: null })).acts).toEqual([])
    })
  })

  describe('a retry of many runs', () => {
    test('gives out its runs in their order, one after another, and tells how far it has come', async () => {
      const { store } = current()
      const runIds = await failMany(store, 4)
      const [first = '', second = '', third = '', fourth = ''] = runIds
      const order = [third, first, fourth, second]
      expect(await store.findRetry('retry-1')).toBeUndefined()
      await store.createRetry('retry-1', [...order, 'nowhere', ...unknownIds(first), third], MANY)
      expect((await store.listAuditEntries({ limit: 9, before: null })).acts).toEqual([MANY])
      const none = { pending: 0, success: 0, failed: 0, expired: 0, rejected: 0, unconfirmed: 0 }
      const progress = { retryId: 'retry-1', total: 4, done: 0, failed: 0, state: 'running', results: none }
      expect(await store.findRetry('retry-1')).toEqual(progress)

      const ends = ['accepted', 'failed', 'unconfirmed', 'accepted'] as const
      for (const [index, runId] of order.entries()) {
        const item = await store.nextRetryItem()
        expect(item).toMatchObject({ runId, actor: 'default' })
        const { itemId = 0 } = item ?? {}
        const again = asking(`file-${runIds.indexOf(runId)}`)
        const { submissionId } = await retry(store, runId, again, { itemId })
        expect((await store.findSubmission(submissionId))?.runs).toHaveLength(1)
        expect((await store.nextRetryItem())?.runId).toBe(order[index + 1])
        await store.endRetryItem(itemId, ends[index] ?? 'failed', `reason ${index}`)
        expect(await store.findRetry('retry-1')).toMatchObject({ done: index + 1 })
      }
      expect(await store.nextRetryItem()).toBeUndefined()
      const results = { ...none, pending: 2, rejected: 1, unconfirmed: 1 }
      const ended = { retryId: 'retry-1', total: 4, done: 4, failed: 2, state: 'done', results }
      expect(await store.findRetry('retry-1')).toEqual(ended)
      const notTaken = [
        { runId: first, name: 'remove-bg', state: 'failed', reason: 'reason 1' },
        { runId: fourth, name: 'remove-bg', state: 'unconfirmed', reason: 'reason 2' },
      ]
      expect(await store.listUnsubmitted('retry-1', 9)).toEqual(notTaken)
      expect(await store.listUnsubmitted('retry-1', 1)).toEqual(notTaken.slice(0, 1))
      expect(await store.listUnsubmitted('retry-2', 9)).toEqual([])
    })

    test('comes after those that were asked for before', async () => {
      const { store } = current()
      const [first = '', second = ''] = await failMany(store, 2)
      await store.createRetry('retry-1', [second], MANY)
      await store.createRetry('retry-2', [first, second], MANY)
      const given: (string | undefined)[] = []
      for (let count = 0; count < 3; count += 1) {
        const item = await store.nextRetryItem()
        given.push(item?.runId)
        await store.endRetryItem(item?.itemId ?? 0, 'failed', 'for this test')
      }
      expect(given).toEqual([second, first, second])
      expect(await store.findRetry('retry-1')).toMatchObject({ total: 1, state: 'done' })
      expect(await store.findRetry('retry-2')).toMatchObject({ total: 2, failed: 2, state: 'done' })
    })

    test('of no runs is done at once', async () => {
      const { store } = current()
      await store.createRetry('retry-1', [], MANY)
      expect(await store.findRetry('retry-1')).toMatchObject({ total: 0, done: 0, state: 'done' })
    })

    test('gives out no run twice: an item is asked for once, and with it stands or falls its submission', async () => {
      const { store } = current()
      const [runId = '', otherId = ''] = await failMany(store, 2)
      await store.createRetry('retry-1', [runId, otherId], MANY)
      const { itemId = 0 } = (await store.nextRetryItem()) ?? {}
      await retry(store, runId, asking(), { itemId })
      const second = await store.submitRetry(otherId, asking('file-1'), { itemId })
      expect(second).toEqual({ refusal: 'not_waiting' })
      expect(await countRuns(store)).toBe(3)
      await store.endRetryItem(itemId, 'accepted', null)
      await store.endRetryItem(itemId, 'waiting', null)
      expect((await store.nextRetryItem())?.runId).toBe(otherId)
    })

    test('keeps the turn of a run that ImageKit has held back', async () => {
      const { store } = current()
      const [runId = '', otherId = ''] = await failMany(store, 2)
      await store.createRetry('retry-1', [runId, otherId], MANY)
      const { itemId = 0 } = (await store.nextRetryItem()) ?? {}
      await retry(store, runId, asking(), { itemId })
      await store.endRetryItem(itemId, 'waiting', null)
      expect(await store.nextRetryItem()).toMatchObject({ itemId, runId })
    })

    test('goes on after a restart; what was under way then is unconfirmed, and never given out again', async () => {
      const { store, reopen } = current()
      const [runId = '', otherId = ''] = await failMany(store, 2)
      await store.createRetry('retry-1', [runId, otherId], MANY)
      const { itemId = 0 } = (await store.nextRetryItem()) ?? {}
      await retry(store, runId, asking(), { itemId })

      const reopened = await reopen()
      await reopened.recoverAbandoned(9_000, 9_000)
      expect(await reopened.findRetry('retry-1')).toMatchObject({ total: 2, done: 1, failed: 1 })
      expect((await reopened.nextRetryItem())?.runId).toBe(otherId)
      await reopened.endRetryItem(itemId, 'waiting', null)
      expect((await reopened.nextRetryItem())?.runId).toBe(otherId)
    })
  })
}
