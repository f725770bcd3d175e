import { expect, test } from 'vitest'
import { numberFor, reportFigures, SEED } from './chaos.ts'
import { runCrashLoop } from './crash-loop.ts'
import { createDisk } from './power-loss/disk.ts'

const CYCLES = numberFor('POWER_LOSS_CYCLES', { short: 5, long: 200 })

test(`a power failure loses nothing that was acknowledged, ${CYCLES} times, seed ${SEED}`, {
  timeout: CYCLES * 20_000,
}, async () => {
  const disk = createDisk()
  const { submissions, deliveries, unacknowledged, lost } = await runCrashLoop({
    cycles: CYCLES,
    directory: disk.directory,
    env: disk.env,
    maxResponses: 300,
    kill(service, cycle, random) {
      const kill = () => service.process.kill('SIGKILL')
      if (cycle % 2 === 0) return void setTimeout(kill, random() * 10)
      // A cut right before a sync is the most likely to show a response that was sent too early.
      disk.cutAtNextSync()
      void service.printed(disk.cutMessage).finally(kill)
    },
    whileDead: () => disk.losePower(),
  })
  const { log, database } = disk.countSyncs()
  reportFigures(
    `power loss: ${CYCLES} cycles, seed ${SEED}: ${submissions} submissions and ${deliveries} deliveries acknowledged, ` +
      `${unacknowledged} sent again, ${lost.length} lost; ${log} syncs of the write-ahead log, ${database} of the database`,
  )
  expect(lost).toEqual([])
  expect(submissions).toBeGreaterThan(CYCLES)
  expect(deliveries).toBeGreaterThan(CYCLES)
  // The database file is synced when it is created. Each later sync is a checkpoint, after which the log starts again.
  expect(database).toBeGreaterThan(1)
})
