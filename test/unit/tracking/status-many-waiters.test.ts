import { expect, test } from 'vitest'
import { requestedRun } from '../../../src/domain/run.ts'
import { createStatusCache, startSystemTimer } from '../../../src/tracking/status/status-cache.ts'
import { waitForStatus } from '../../../src/tracking/status/status-wait.ts'

test('without other processes, ten thousand waiting clients cost one query at the start and one per change, not one each', async () => {
  let queryCount = 0
  let run = requestedRun({ runId: 'r', submissionId: 's', name: 'remove-bg', attempt: 1, at: 0 })
  const findAsset = async (fileId: string) => {
    queryCount += 1
    return { fileId, recordedAt: 0, runs: [run] }
  }
  const statuses = createStatusCache({ store: { findAsset } })
  const deps = { statuses, startTimer: startSystemTimer }
  const waits = Array.from({ length: 10_000 }, () =>
    waitForStatus(deps, 'file', { ms: 60_000, isKnown: () => true }),
  )
  await expect.poll(() => statuses.listenerCount()).toBe(10_000)
  expect(queryCount).toBe(1)

  run = { ...run, status: 'success', source: 'webhook', settledAt: 1, updatedAt: 1 }
  statuses.invalidate('file')
  const snapshots = await Promise.all(waits.map(({ result }) => result))
  expect(snapshots.every((snapshot) => snapshot?.isPending === false)).toBe(true)
  expect(queryCount).toBe(2)
  expect(statuses.listenerCount()).toBe(0)
})
