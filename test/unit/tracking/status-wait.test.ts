import { expect, test } from 'vitest'
import { requestedRun } from '../../../src/domain/run.ts'
import { createStatusCache } from '../../../src/tracking/status/status-cache.ts'
import { waitForStatus } from '../../../src/tracking/status/status-wait.ts'

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

test('a wait that ends while the store cannot be read rejects, instead of returning the earlier status', async () => {
  const { statuses, result, endWait, readWith } = await startWait()
  readWith(() => Promise.reject(new Error('no connection')))
  statuses.refresh()
  endWait()
  await expect(result).rejects.toThrow('no connection')
  expect(statuses.listenerCount()).toBe(0)
})

test('a wait that ends returns the status that another process has just stored', async () => {
  const { result, endWait, readWith } = await startWait()
  readWith(async (fileId) => ({ fileId, recordedAt: 0, runs: [] }))
  endWait()
  expect((await result)?.isPending).toBe(false)
})
