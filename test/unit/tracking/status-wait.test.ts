import { expect, test } from 'vitest'
import { requestedRun } from '../../../src/domain/run.ts'
import { createStatusCache } from '../../../src/tracking/status/status-cache.ts'
import { waitForStatus } from '../../../src/tracking/status/status-wait.ts'

/** A wait for a pending asset that other processes may change. `endTime` ends it. */
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
  let endTime = () => {}
  const startTimer = (_ms: number, task: () => void) => {
    endTime = task
    return () => {}
  }
  const { result } = waitForStatus({ statuses, startTimer }, 'file', { ms: 1, isKnown: () => true })
  await statuses.find('file')
  return {
    statuses,
    result,
    endTime: () => endTime(),
    readWith: (next: typeof read) => {
      read = next
    },
  }
}

test('a wait that ends while the store cannot be read is rejected, instead of returning the earlier status', async () => {
  const { statuses, result, endTime, readWith } = await startWait()
  readWith(() => Promise.reject(new Error('no connection')))
  statuses.refresh()
  endTime()
  await expect(result).rejects.toThrow('no connection')
  expect(statuses.watching()).toBe(0)
})

test('a wait that ends returns the status that another process has just stored', async () => {
  const { result, endTime, readWith } = await startWait()
  readWith(async (fileId) => ({ fileId, recordedAt: 0, runs: [] }))
  endTime()
  expect((await result)?.isPending).toBe(false)
})
