// Uploads through us against straight to the same local ImageKit: throughput of large ones, what is added to small ones.
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { median, milliseconds, share, spread } from '../figures.mjs'
import { upload } from '../load/upload.mjs'
import { describeSyncs, inRounds } from '../rounds.mjs'
import { launchSandbox, launchTracker, withServer } from '../servers/launch.mjs'

const LARGE = 50 * 1000 ** 2
const SMALL = 20 * 1000
/** What an upload costs falls by a fifth until so many were made: compiling goes on for long after the first. */
const WARM_UP = 500

export async function measure(bench) {
  const [large, small] = bench.isQuick ? [3, 60] : [6, 200]
  const rounds = await inRounds(bench, [{ name: 'uploads' }], () => runUploads(bench, { large, small }))
  const results = rounds.found.get('uploads')
  const all = (name) => results.flatMap((result) => result[name])
  const throughput = (name) => all(name).map((ms) => LARGE / 1000 ** 2 / (ms / 1000))
  const ratio = median(throughput('largeThrough')) / median(throughput('largeStraight'))
  const addedMs = median(results.map((result) => median(result.smallThrough) - median(result.smallStraight)))
  const row = (title, way) => [
    title,
    spread(throughput(`large${way}`)),
    ...[0.5, 0.99].map((part) => milliseconds(share(all(`small${way}`), part) * 1000)),
  ]
  return {
    title: 'Uploads',
    tables: [
      {
        title: 'One at a time, with an extension',
        columns: ['way', '50 MB: MB a second', '20 KB: p50 ms', '20 KB: p99 ms'],
        rows: [row('straight to the sandbox', 'Straight'), row('through this service', 'Through')],
        note: `Large ones at ${ratio.toFixed(2)} of the throughput; ${addedMs.toFixed(2)} ms added to small ones. ${describeSyncs(rounds)}`,
      },
    ],
    goals: { 'uploads-50mb': ratio, 'uploads-20kb': addedMs },
    lost: 0,
    raw: results,
  }
}

/** Straight and through us in turns. */
async function runUploads({ folder, tell }, { large, small }) {
  const own = mkdtempSync(join(folder, 'uploads-'))
  const agent = new Agent({ keepAlive: true })
  try {
    return await withServer(launchSandbox(own), (sandbox) =>
      withServer(launchTracker(own, pointedAt(sandbox)), async (tracker) => {
        const inTurns = async (count, bytes) => {
          const [straight, through] = [[], []]
          for (let each = 0; each < count; each += 1) {
            straight.push(await upload(sandbox.url, bytes, agent))
            through.push(await upload(tracker.url, bytes, agent))
          }
          return [straight, through]
        }
        await inTurns(WARM_UP, SMALL)
        const [smallStraight, smallThrough] = await inTurns(small, SMALL)
        await inTurns(1, LARGE)
        const [largeStraight, largeThrough] = await inTurns(large, LARGE)
        tell(
          `20 KB: ${median(smallStraight).toFixed(1)} ms, through us ${median(smallThrough).toFixed(1)} ms`,
        )
        return { smallStraight, smallThrough, largeStraight, largeThrough }
      }),
    )
  } finally {
    agent.destroy()
    rmSync(own, { recursive: true })
  }
}

/** For a tracker that uploads to a local ImageKit. */
export function pointedAt({ url }) {
  return { IMAGEKIT_UPLOAD_URL: url, IMAGEKIT_API_URL: url }
}
