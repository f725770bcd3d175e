import { expect, test } from 'vitest'
import { temporaryDirectory } from '../support/tracker.ts'
import { numberFor, reportFigures, SEED } from './chaos.ts'
import { runCrashLoop } from './crash-loop.ts'

const CYCLES = numberFor('KILL_CYCLES', { short: 15, long: 500 })

test(`kill -9 loses nothing that was acknowledged, ${CYCLES} times, seed ${SEED}`, {
  timeout: CYCLES * 10_000,
}, async () => {
  const { submissions, deliveries, unacknowledged, lost } = await runCrashLoop({
    cycles: CYCLES,
    directory: temporaryDirectory(),
    env: {},
    maxResponses: 80,
    kill: (service, _cycle, random) => setTimeout(() => service.process.kill('SIGKILL'), random() * 10),
  })
  reportFigures(
    `kill -9: ${CYCLES} cycles, seed ${SEED}: ${submissions} submissions and ${deliveries} deliveries acknowledged, ` +
      `${unacknowledged} sent again, ${lost.length} lost`,
  )
  expect(lost).toEqual([])
  expect(submissions).toBeGreaterThan(CYCLES)
  expect(deliveries).toBeGreaterThan(CYCLES)
  // Some kills must come before a webhook has its response.
  expect(unacknowledged).toBeGreaterThan(0)
})
