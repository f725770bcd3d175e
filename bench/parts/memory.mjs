// Memory: of a service that has nothing to do, of one under load for a minute, and of one that passes uploads on.
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { mebibytes, median } from '../figures.mjs'
import { generateLoad } from '../load/generate-load.mjs'
import { letArrive } from '../load/let-arrive.mjs'
import { upload } from '../load/upload.mjs'
import { residentBytes } from '../machine.mjs'
import { prepareDeliveries } from '../prepare.mjs'
import { TRACKER } from '../servers/ingest-servers.mjs'
import { launchSandbox, launchTracker, withServer } from '../servers/launch.mjs'
import { watchMemory } from '../watch-memory.mjs'
import { pointedAt } from './uploads.mjs'

const MB = 1000 ** 2
const MIB = 1024 ** 2

export async function measure(bench) {
  const idle = await inFolder(bench, runIdle)
  const load = await inFolder(bench, (own) => runLoad(bench, own))
  const one = await inFolder(bench, (own) => runUploads(own, 1, 300 * MB))
  const many = await inFolder(bench, (own) => runUploads(own, 100, 10 * MB))
  const third = (which) => {
    const length = Math.floor(load.samples.length / 3)
    return median(load.samples.slice(which * length, (which + 1) * length))
  }
  const growth = third(2) / third(1) - 1
  const thirds = [0, 1, 2].map((which) => mebibytes(third(which))).join(', ')
  return {
    title: 'Memory',
    tables: [
      {
        title: 'Resident, in MiB',
        columns: ['when', 'before', 'at its height', 'more'],
        rows: [
          ['idle, 5 s after its start', mebibytes(idle.early), '', ''],
          ['idle, 30 s after its start', mebibytes(idle.late), '', ''],
          memoryRow(`64 connections for ${load.seconds} s`, load),
          memoryRow('one upload of 300 MB', one),
          memoryRow('100 uploads of 10 MB at once', many),
        ],
        note: `Under load, the median of each third of the time: ${thirds} MiB.`,
      },
    ],
    goals: {
      'memory-idle': idle.late / MIB,
      'memory-growth': growth,
      'memory-upload': (one.highest - one.first) / MIB,
      'memory-uploads': (many.highest - many.first) / MIB,
    },
    lost: load.missing,
    raw: { idle, load, one, many },
  }
}

async function inFolder({ folder }, run) {
  const own = mkdtempSync(join(folder, 'memory-'))
  try {
    return await run(own)
  } finally {
    rmSync(own, { recursive: true })
  }
}

function memoryRow(title, { first, highest }) {
  return [title, ...[first, highest, highest - first].map(mebibytes)]
}

/** What the start itself took V8 gives back once nothing happens for some seconds. */
function runIdle(own) {
  return withServer(launchTracker(own), async ({ pid }) => {
    await sleep(5_000)
    const early = residentBytes(pid)
    await sleep(25_000)
    return { early, late: residentBytes(pid) }
  })
}

/** The same deliveries again once all were sent: repeated ones are written down too. */
async function runLoad(bench, own) {
  const deliveries = await prepareDeliveries(bench)
  const seconds = bench.isQuick ? bench.seconds : 60
  const { sent, ...watched } = await withServer(TRACKER.start(own, deliveries), async ({ url, pid }) => {
    const watching = watchMemory(pid, 100)
    const load = await generateLoad(url, deliveries, { connections: 64, seconds })
    const watched = watching.stop()
    await letArrive(url)
    return { sent: load.sent, ...watched }
  })
  const stored = TRACKER.findStored(own).size
  return { ...watched, seconds, missing: Math.max(0, Math.min(sent, deliveries.count) - stored) }
}

function runUploads(own, count, bytes) {
  return withServer(launchSandbox(own), (sandbox) => {
    const env = { ...pointedAt(sandbox), MAX_CONCURRENT_UPLOADS: '100' }
    return withServer(launchTracker(own, env), async ({ url, pid }) => {
      await upload(url, 20_000)
      await sleep(500)
      const watching = watchMemory(pid)
      await Promise.all(Array.from({ length: count }, () => upload(url, bytes)))
      return watching.stop()
    })
  })
}
