import { expect, test } from 'vitest'
import { requestedRun } from '../../../src/domain/run.ts'
import { createStatusCache } from '../../../src/tracking/status/status-cache.ts'
import { waitForStatus } from '../../../src/tracking/status/status-wait.ts'
import { createSlowStore, revisionOf, tickEnds } from './slow-store.ts'

/**
 * Starts a wait for a pending asset that other processes may change. `endWait` ends it as if its time were up; `readWith` replaces the
 * store's read.
 */
async function startWait() {
  let read = async (fileId: string) => ({
    fileId,
    recordedAt: 0,
    runs: [requestedRun({ runId: 'r', submissionId: 's', name: 'remove-bg', attempt: 1, at: 0 })],
  })
  const statuses = createStatusCache(
    { store: { findAsset: (fileId) => read(fileId) } },
    { isShared: () => true },
  )
  let endWait = () => {}
  const startTimer = (_ms: number, task: () => void) => {
    endWait = task
    return () => {}
  }
  const { result } = waitForStatus({ statuses, startTimer }, 'file', { ms: 1, isKnown: () => true })
  // By the time this read ends, the wait has its first status.
  await statuses.find('file')
  return {
    statuses,
    result,
    endWait: () => endWait(),
    readWith: (next: typeof read) => {
      read = next
    },
  }
}

test('with other processes, a wait whose time is up while the store cannot be read rejects, instead of returning the earlier status', async () => {
  const { statuses, result, endWait, readWith } = await startWait()
  readWith(() => Promise.reject(new Error('no connection')))
  statuses.refresh()
  endWait()
  await expect(result).rejects.toThrow('no connection')
  expect(statuses.listenerCount()).toBe(0)
})

test('a wait whose time is up returns the status that another process has just stored', async () => {
  const { result, endWait, readWith } = await startWait()
  readWith(async (fileId) => ({ fileId, recordedAt: 0, runs: [] }))
  endWait()
  expect((await result)?.isPending).toBe(false)
})

test('with other processes, a wait returns no status from a read that began before it, because another process may have changed the asset since', async () => {
  const store = createSlowStore()
  const statuses = createStatusCache({ store }, { isShared: () => true })
  statuses.watch('file', () => {})
  statuses.invalidate('file')
  store.commit(1)
  const startTimer = () => () => {}
  const { result } = waitForStatus({ statuses, startTimer }, 'file', { ms: 1, isKnown: () => false })
  // Ends the read for the listeners, which began before the commit.
  store.end(0)
  await tickEnds()
  // A notice of the change marks the listeners' status as stale, before the wait's own read ends.
  statuses.invalidate('file')
  // Ends the wait's own read.
  store.end(0)
  await tickEnds()
  await store.endAll()
  expect(revisionOf(await result)).toBe(1)
})
