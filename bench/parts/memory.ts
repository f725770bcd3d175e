// The memory of an idle service, of one under load (for a minute, except in the quick bench), and of one that forwards uploads.
import { setTimeout as sleep } from 'node:timers/promises'
import { mebibytes, median } from '../figures.ts'
import { TRACKER } from '../ingest-run.ts'
import { inOwnFolder, launchSandbox, launchTracker, sandboxEnv, withServer } from '../launch.ts'
import { generateLoad, waitUntilRead } from '../load.ts'
import { type MemorySamples, residentBytes, watchMemory } from '../machine.ts'
import type { PartResult } from '../report.ts'
import type { Bench } from '../rounds.ts'
import { prepareWorkload } from '../workload.ts'
import { upload } from './uploads.ts'

const MB = 1000 ** 2
const MIB = 1024 ** 2

export async function measureMemory(bench: Bench): Promise<PartResult> {
  const idle = await inOwnFolder(bench.folder, runIdle)
  const load = await inOwnFolder(bench.folder, (runFolder) => runLoad(bench, runFolder))
  const one = await inOwnFolder(bench.folder, (runFolder) => runUploads(runFolder, 1, 300 * MB))
  const many = await inOwnFolder(bench.folder, (runFolder) => runUploads(runFolder, 100, 10 * MB))
  const thirdLength = Math.floor(load.samples.length / 3)
  const thirds = [0, 1, 2].map((third) =>
    median(load.samples.slice(third * thirdLength, (third + 1) * thirdLength)),
  )
  const [, middle = 0, last = 0] = thirds
  return {
    title: 'Memory',
    tables: [
      {
        title: 'Resident, in MiB',
        columns: ['when', 'before', 'peak', 'added'],
        rows: [
          ['idle, 5 s after its start', mebibytes(idle.early), '', ''],
          ['idle, 30 s after its start', mebibytes(idle.late), '', ''],
          memoryRow(`64 connections for ${load.seconds} s`, load),
          memoryRow('one upload of 300 MB', one),
          memoryRow('100 uploads of 10 MB at once', many),
        ],
        note: `Under load, the median of each third of the time: ${thirds.map(mebibytes).join(', ')} MiB.`,
      },
    ],
    goals: {
      'memory-idle': idle.late / MIB,
      'memory-growth': last / middle - 1,
      'memory-upload': (one.highest - one.first) / MIB,
      'memory-uploads': (many.highest - many.first) / MIB,
    },
    lost: load.missing,
    raw: { idle, load, one, many },
  }
}

function memoryRow(title: string, { first, highest }: MemorySamples): string[] {
  return [title, ...[first, highest, highest - first].map(mebibytes)]
}

/** After some idle seconds, V8 frees memory that the start needed. */
function runIdle(runFolder: string) {
  return withServer(launchTracker(runFolder), async ({ pid }) => {
    await sleep(5_000)
    const early = residentBytes(pid)
    await sleep(25_000)
    return { early, late: residentBytes(pid) }
  })
}

/** The load may outlast the prepared deliveries: then they are sent again, and stored as duplicates. */
async function runLoad(bench: Bench, runFolder: string) {
  const workload = await prepareWorkload(bench)
  const seconds = bench.isQuick ? bench.seconds : 60
  const { sent, watched } = await withServer(TRACKER.start(runFolder, workload), async ({ url, pid }) => {
    const watching = watchMemory(pid, 100)
    const load = await generateLoad(url, workload, { connections: 64, seconds })
    const watched = watching.stop()
    await waitUntilRead(url)
    return { sent: load.sent, watched }
  })
  const stored = TRACKER.findStored(runFolder, workload).length
  return { ...watched, seconds, missing: Math.max(0, Math.min(sent, workload.count) - stored) }
}

function runUploads(runFolder: string, count: number, bytes: number): Promise<MemorySamples> {
  return withServer(launchSandbox(runFolder), (sandbox) => {
    const env = { ...sandboxEnv(sandbox), MAX_CONCURRENT_UPLOADS: '100' }
    return withServer(launchTracker(runFolder, env), async ({ url, pid }) => {
      // The first upload loads code and opens connections, which should not count.
      await upload(url, 20_000)
      await sleep(500)
      const watching = watchMemory(pid)
      await Promise.all(Array.from({ length: count }, () => upload(url, bytes)))
      return watching.stop()
    })
  })
}
