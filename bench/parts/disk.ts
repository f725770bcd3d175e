// The bytes that a settled run takes, with its delivery body and after pruning: in total, and for each table and index.
import { join } from 'node:path'
import { whole } from '../figures.ts'
import { inOwnFolder, launchTracker, withServer } from '../launch.ts'
import { inParallel, post } from '../load.ts'
import type { PartResult } from '../report.ts'
import type { Bench } from '../rounds.ts'
import { addPending, findStoredDeliveries, pruneAllBodies, readSizes } from '../tracker-database.ts'
import { createWorkload, deliveryFor, type Workload } from '../workload.ts'

/** Tables and indexes that take fewer bytes per run are not listed. */
const MIN_LISTED_BYTES = 5

export function measureDisk(bench: Bench): Promise<PartResult> {
  const count = bench.isQuick ? 2_000 : 50_000
  return inOwnFolder(bench.folder, async (runFolder) => {
    const path = join(runFolder, 'tracker.db')
    const extensions = ['remove-bg']
    const submissions = await addPending(path, { runs: count, extensions })
    const workload = createWorkload(join(runFolder, 'requests'), submissions, { count, extensions })
    await settleAll(runFolder, workload)
    const storedCount = findStoredDeliveries(path, submissions).length
    const kept = readSizes(path)
    await pruneAllBodies(path)
    const pruned = readSizes(path)
    const perRun = (bytes = 0) => whole(bytes / count)
    const listed = Object.entries(kept.byName)
      .filter(([, bytes]) => bytes / count >= MIN_LISTED_BYTES)
      .toSorted(([, one], [, other]) => other - one)
    return {
      title: 'Disk',
      tables: [
        {
          title: `Bytes per settled run: ${whole(count)} runs, each with one delivery whose body has 1,200 bytes`,
          columns: ['table or index', 'body kept', 'body pruned'],
          rows: [
            ['**total in use**', perRun(kept.used), perRun(pruned.used)],
            ...listed.map(([name, bytes]) => [`\`${name}\``, perRun(bytes), perRun(pruned.byName[name])]),
          ],
          note: `The file has ${perRun(kept.file)} bytes for each run. After bodies are pruned, the file keeps its size, and the space is used again.`,
        },
      ],
      goals: { 'disk-kept': kept.used / count, 'disk-pruned': pruned.used / count },
      lost: count - storedCount,
      raw: { count, kept, pruned },
    }
  })
}

/** Sends every delivery once. Rejects if one is not acknowledged. */
function settleAll(runFolder: string, workload: Workload): Promise<void> {
  return withServer(launchTracker(runFolder), ({ url }) =>
    inParallel(workload.count, 64, async (index) => {
      const { path, body } = deliveryFor(workload.runAt(index))
      const status = await post(url + path, { 'User-Agent': 'ImageKit' }, body)
      if (status !== 200) throw new Error(`the response to a webhook was ${status}`)
    }),
  )
}
