import { expect, test } from 'vitest'
import { requestedRun } from '../../../src/domain/run.ts'
import { createStatusBoard } from '../../../src/tracking/status-board.ts'
import { startSystemTimer } from '../../../src/tracking/status-timer.ts'
import { waitForStatus } from '../../../src/tracking/status-wait.ts'

test('ten thousand waiting clients cost one query for each change, not one each', async () => {
  let queries = 0
  let run = requestedRun({ runId: 'r', submissionId: 's', name: 'remove-bg', attempt: 1, at: 0 })
  const findAsset = async (fileId: string) => {
    queries += 1
    return { fileId, recordedAt: 0, runs: [run] }
  }
  const board = createStatusBoard({ store: { findAsset } })
  const deps = { board, startTimer: startSystemTimer }
  const waits = Array.from({ length: 10_000 }, () =>
    waitForStatus(deps, 'file', { ms: 60_000, isKnown: () => true }),
  )
  await expect.poll(() => board.watching()).toBe(10_000)
  expect(queries).toBe(1)

  run = { ...run, status: 'success', source: 'webhook', settledAt: 1, updatedAt: 1 }
  board.invalidate('file')
  const answers = await Promise.all(waits.map(({ answer }) => answer))
  expect(answers.every((snapshot) => snapshot?.isPending === false)).toBe(true)
  expect(queries).toBe(2)
  expect(board.watching()).toBe(0)
})
