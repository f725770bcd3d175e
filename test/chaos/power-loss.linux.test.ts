import { expect, test } from 'vitest'
import { SEED, tell, timesOf } from './chaos.ts'
import { surviveDeaths } from './deaths.ts'
import { createDisk } from './power-loss/disk.ts'

const CYCLES = timesOf('POWER_LOSS_CYCLES', { short: 5, long: 200 })

test(`nothing that was acknowledged is lost with the power, ${CYCLES} times, seed ${SEED}`, {
  timeout: CYCLES * 20_000,
}, async () => {
  const disk = createDisk()
  const { submissions, deliveries, unacknowledged, lost } = await surviveDeaths({
    cycles: CYCLES,
    directory: disk.directory,
    env: disk.env,
    mostAnswers: 300,
    kill(service, cycle, random) {
      const kill = () => service.process.kill('SIGKILL')
      if (cycle % 2 === 0) return void setTimeout(kill, random() * 10)
      // Right before a sync it shows best whether an answer has left too early.
      disk.cutAtNextSync()
      void service.printed(disk.isCut).finally(kill)
    },
    whileDead: () => disk.losePower(),
  })
  const { log, database } = disk.countSyncs()
  tell(
    `loss of power: ${CYCLES} cycles, seed ${SEED}: ${submissions} submissions and ${deliveries} deliveries acknowledged, ` +
      `${unacknowledged} told again, ${lost.length} lost; ${log} syncs of the log, ${database} of the database`,
  )
  expect(lost).toEqual([])
  expect(submissions).toBeGreaterThan(CYCLES)
  expect(deliveries).toBeGreaterThan(CYCLES)
  // The first is made with the file, and each other one is a checkpoint, after which the log begins anew.
  expect(database).toBeGreaterThan(1)
})
