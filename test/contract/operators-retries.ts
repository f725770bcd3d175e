import { describe, expect, test } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { anAuditEntry, FILE_ID, newSubmission, unaccepted, unknownIds } from './builders.ts'
import { deliverResult, listEveryRun, submitWithRuns } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

const RETRY_MANY = anAuditEntry({ kind: 'retry_many', subject: 'retry-1' })

/** Creates failed runs, which may be retried, each of a different file. */
async function createFailedRuns(store: Store, count: number): Promise<string[]> {
  const runIds: string[] = []
  for (let index = 0; index < count; index += 1) {
    const { submissionId, runId } = await submitWithRuns(store, ['remove-bg'], { fileId: `file-${index}` })
    await deliverResult(store, submissionId, 'remove-bg', 'failed')
    runIds.push(runId)
  }
  return runIds
}

function newRetry(fileId = 'file-0', facts: Partial<ReturnType<typeof newSubmission>> = {}) {
  return newSubmission(['remove-bg'], { kind: 'update', fileId, attempt: 2, ...facts })
}

/** Retries a run; fails if the retry is rejected. */
async function retry(
  store: Store,
  runId: string,
  again: ReturnType<typeof newSubmission>,
  origin: Parameters<Store['submitRetry']>[2],
): Promise<{ submissionId: string; runIds: string[] }> {
  const submitted = await store.submitRetry(runId, again, origin)
  if ('rejection' in submitted) throw new Error(`rejected: ${submitted.rejection}`)
  return submitted
}

const countRuns = async (store: Store) => (await listEveryRun(store)).length

export function describeOperatorsRetries(current: () => StoreFixture): void {
  describe('retrying a run', () => {
    test('writes the submission and the audit entry together, and returns the ids of the runs', async () => {
      const { store, failInserts } = current()
      const [runId = ''] = await createFailedRuns(store, 1)
      const entry = anAuditEntry({ kind: 'retry', subject: runId })
      const { submissionId, runIds } = await retry(store, runId, newRetry(), { entry })
      const found = await store.findSubmission(submissionId)
      expect(runIds).toEqual(found?.runs.map((run) => run.runId))
      expect(found?.runs).toMatchObject([{ name: 'remove-bg', status: 'pending', attempt: 2 }])
      expect((await store.listAuditEntries({ limit: 9, before: null })).auditEntries).toEqual([entry])
      expect(await store.findRunHistory(runId)).toMatchObject({ currentRunId: found?.runs[0]?.runId })

      const [newRunId = ''] = runIds
      expect(await store.submitRetry(newRunId, newRetry(), { entry })).toEqual({ rejection: 'pending' })
      await deliverResult(store, submissionId, 'remove-bg', 'failed')
      // The submission can't be written, so the entry is not written either, and the run is not acknowledged.
      await failInserts('submissions', 7_000)
      await expect(
        store.submitRetry(newRunId, newRetry('file-0', { at: 7_000 }), { entry }),
      ).rejects.toThrow()
      expect((await store.listAuditEntries({ limit: 9, before: null })).auditEntries).toHaveLength(1)
      expect(await store.findRunHistory(newRunId)).toMatchObject({
        run: { acknowledgedAt: null },
        currentRunId: null,
      })
      expect(await countRuns(store)).toBe(2)
    })

    test('returns a run for each distinct extension, in the order of the request', async () => {
      const { store } = current()
      const [runId = ''] = await createFailedRuns(store, 1)
      const again = newSubmission(['remove-bg', 'ai-tasks', 'remove-bg'], {
        fileId: 'file-0',
        kind: 'update',
      })
      const { submissionId, runIds } = await retry(store, runId, again, { entry: anAuditEntry() })
      const runs = (await store.findSubmission(submissionId))?.runs ?? []
      expect(runs.map(({ name }) => name)).toEqual(['remove-bg', 'ai-tasks'])
      expect(runIds).toEqual(runs.map((run) => run.runId))
    })

    test('acknowledges the run; withdrawing the retry undoes this, unless an operator had acknowledged the run before', async () => {
      const { store } = current()
      const [open = '', acknowledged = ''] = await createFailedRuns(store, 2)
      await store.acknowledgeRuns([acknowledged], anAuditEntry({ at: 6_000 }))
      const times = () =>
        Promise.all(
          [open, acknowledged].map(async (id) => (await store.findRunHistory(id))?.run.acknowledgedAt),
        )
      for (const [index, runId] of [open, acknowledged].entries()) {
        const again = newRetry(`file-${index}`, { at: 7_000 })
        const { submissionId } = await retry(store, runId, again, { entry: anAuditEntry() })
        await store.applyResponse(submissionId, unaccepted('rejected'), 7_100)
      }
      expect(await times()).toEqual([7_000, 6_000])
      for (const runId of [open, acknowledged, 'nowhere']) await store.withdrawRetry(runId, 7_000)
      expect(await times()).toEqual([null, 6_000])
    })

    test('is done once if it is requested twice at the same time: the second request writes nothing', async () => {
      const { store } = current()
      const [runId = ''] = await createFailedRuns(store, 1)
      const entry = anAuditEntry({ kind: 'retry', subject: runId })
      const requests = [newRetry(), newRetry()]
      const results = await Promise.all(requests.map((again) => store.submitRetry(runId, again, { entry })))
      const written = { submissionId: expect.any(String), runIds: [expect.any(String)] }
      expect(results).toEqual([written, { rejection: 'not_current' }])
      expect(await countRuns(store)).toBe(2)
      expect((await store.listAuditEntries({ limit: 9, before: null })).auditEntries).toHaveLength(1)
    })

    test('is rejected for a run that is pending, has no file, or does not exist', async () => {
      const { store } = current()
      const pending = await submitWithRuns(store, ['remove-bg'], { fileId: FILE_ID })
      const withoutFile = await submitWithRuns(store, ['remove-bg'])
      const entry = anAuditEntry({ kind: 'retry' })
      expect(await store.submitRetry(pending.runId, newRetry(FILE_ID), { entry })).toEqual({
        rejection: 'pending',
      })
      expect(await store.submitRetry(withoutFile.runId, newRetry(), { entry })).toEqual({
        rejection: 'no_file',
      })
      const [failed = ''] = await createFailedRuns(store, 1)
      // An unknown run is treated like one without a file.
      for (const unknown of ['nowhere', ...unknownIds(failed)])
        expect(await store.submitRetry(unknown, newRetry(), { entry })).toEqual({ rejection: 'no_file' })
      expect(await countRuns(store)).toBe(3)
      expect((await store.listAuditEntries({ limit: 9, before: null })).auditEntries).toEqual([])
    })
  })

  describe('a retry of many runs', () => {
    test('returns its runs one after the other in the requested order, each once, and reports its progress', async () => {
      const { store } = current()
      const runIds = await createFailedRuns(store, 4)
      const [first = '', second = '', third = '', fourth = ''] = runIds
      const order = [third, first, fourth, second]
      expect(await store.findRetry('retry-1')).toBeUndefined()
      await store.createRetry('retry-1', [...order, 'nowhere', ...unknownIds(first), third], RETRY_MANY)
      expect((await store.listAuditEntries({ limit: 9, before: null })).auditEntries).toEqual([RETRY_MANY])
      const none = { pending: 0, success: 0, failed: 0, expired: 0, rejected: 0, unconfirmed: 0 }
      const progress = { retryId: 'retry-1', total: 4, done: 0, failed: 0, state: 'running', results: none }
      expect(await store.findRetry('retry-1')).toEqual(progress)

      const states = ['accepted', 'failed', 'unconfirmed', 'accepted'] as const
      for (const [index, runId] of order.entries()) {
        const item = await store.nextRetryItem()
        expect(item).toMatchObject({ runId, actor: 'default' })
        const { itemId = 0 } = item ?? {}
        const again = newRetry(`file-${runIds.indexOf(runId)}`)
        const { submissionId } = await retry(store, runId, again, { itemId })
        expect((await store.findSubmission(submissionId))?.runs).toHaveLength(1)
        expect((await store.nextRetryItem())?.runId).toBe(order[index + 1])
        await store.endRetryItem(itemId, states[index] ?? 'failed', `reason ${index}`)
        expect(await store.findRetry('retry-1')).toMatchObject({ done: index + 1 })
      }
      expect(await store.nextRetryItem()).toBeUndefined()
      // `failed` counts the items that were not clearly accepted; `results` counts the results of all items.
      const results = { ...none, pending: 2, rejected: 1, unconfirmed: 1 }
      const finished = { retryId: 'retry-1', total: 4, done: 4, failed: 2, state: 'done', results }
      expect(await store.findRetry('retry-1')).toEqual(finished)
      const notAccepted = [
        { runId: first, name: 'remove-bg', state: 'failed', reason: 'reason 1' },
        { runId: fourth, name: 'remove-bg', state: 'unconfirmed', reason: 'reason 2' },
      ]
      expect(await store.listUnaccepted('retry-1', 9)).toEqual(notAccepted)
      expect(await store.listUnaccepted('retry-1', 1)).toEqual(notAccepted.slice(0, 1))
      expect(await store.listUnaccepted('retry-2', 9)).toEqual([])
    })

    test('is processed after earlier retries', async () => {
      const { store } = current()
      const [first = '', second = ''] = await createFailedRuns(store, 2)
      await store.createRetry('retry-1', [second], RETRY_MANY)
      await store.createRetry('retry-2', [first, second], RETRY_MANY)
      const returned: (string | undefined)[] = []
      for (let count = 0; count < 3; count += 1) {
        const item = await store.nextRetryItem()
        returned.push(item?.runId)
        await store.endRetryItem(item?.itemId ?? 0, 'failed', 'for this test')
      }
      expect(returned).toEqual([second, first, second])
      expect(await store.findRetry('retry-1')).toMatchObject({ total: 1, state: 'done' })
      expect(await store.findRetry('retry-2')).toMatchObject({ total: 2, failed: 2, state: 'done' })
    })

    test('without runs is done at once', async () => {
      const { store } = current()
      await store.createRetry('retry-1', [], RETRY_MANY)
      expect(await store.findRetry('retry-1')).toMatchObject({ total: 0, done: 0, state: 'done' })
    })

    test('submits each item once: recording its submission changes its state, and an item that has ended never waits again', async () => {
      const { store } = current()
      const [runId = '', otherId = ''] = await createFailedRuns(store, 2)
      await store.createRetry('retry-1', [runId, otherId], RETRY_MANY)
      const { itemId = 0 } = (await store.nextRetryItem()) ?? {}
      await retry(store, runId, newRetry(), { itemId })
      const second = await store.submitRetry(otherId, newRetry('file-1'), { itemId })
      expect(second).toEqual({ rejection: 'not_waiting' })
      expect(await countRuns(store)).toBe(3)
      await store.endRetryItem(itemId, 'accepted', null)
      await store.endRetryItem(itemId, 'waiting', null)
      expect((await store.nextRetryItem())?.runId).toBe(otherId)
    })

    test('keeps the place of an item that is set back to waiting, as after a rate limit of ImageKit', async () => {
      const { store } = current()
      const [runId = '', otherId = ''] = await createFailedRuns(store, 2)
      await store.createRetry('retry-1', [runId, otherId], RETRY_MANY)
      const { itemId = 0 } = (await store.nextRetryItem()) ?? {}
      await retry(store, runId, newRetry(), { itemId })
      await store.endRetryItem(itemId, 'waiting', null)
      expect(await store.nextRetryItem()).toMatchObject({ itemId, runId })
    })

    test('continues after a restart; an item that was being submitted becomes unconfirmed and is never submitted again', async () => {
      const { store, reopen } = current()
      const [runId = '', otherId = ''] = await createFailedRuns(store, 2)
      await store.createRetry('retry-1', [runId, otherId], RETRY_MANY)
      const { itemId = 0 } = (await store.nextRetryItem()) ?? {}
      await retry(store, runId, newRetry(), { itemId })

      const reopened = await reopen()
      await reopened.recoverAbandoned(9_000, 9_000)
      expect(await reopened.findRetry('retry-1')).toMatchObject({ total: 2, done: 1, failed: 1 })
      expect((await reopened.nextRetryItem())?.runId).toBe(otherId)
      await reopened.endRetryItem(itemId, 'waiting', null)
      expect((await reopened.nextRetryItem())?.runId).toBe(otherId)
    })
  })
}
