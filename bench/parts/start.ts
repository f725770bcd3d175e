// The time that `serve` takes from its start until it is ready, on an empty database and on the largest.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { median, spread } from '../figures.ts'
import { inOwnFolder, launchTracker, withServer } from '../launch.ts'
import { get } from '../load.ts'
import type { PartResult } from '../report.ts'
import { type Bench, describeSyncs, inRounds } from '../rounds.ts'
import { seededDatabase } from '../tracker-database.ts'

const STARTS = 5

export function measureStart(bench: Bench): Promise<PartResult> {
  return inOwnFolder(bench.folder, async (runFolder) => {
    const maxRuns = bench.isQuick ? 50_000 : bench.mostRuns
    // The first start creates this database.
    const empty = { name: 'an empty database', path: join(runFolder, 'empty.db') }
    const largest = { name: `${maxRuns.toLocaleString('en')} runs`, path: seededDatabase(bench, maxRuns) }
    const variants = [empty, largest]
    const rounds = await inRounds({ ...bench, rounds: STARTS }, variants, ({ path }) =>
      runStart(runFolder, path),
    )
    return {
      title: 'Start',
      tables: [
        {
          title: 'From the start of the process to `GET /readyz` 200',
          columns: ['database', 'ms: median (min–max)'],
          rows: variants.map(({ name }) => [name, spread(rounds.resultsOf(name))]),
          note: `The file is in the system's page cache. ${describeSyncs(rounds)}`,
        },
      ],
      goals: { start: median(rounds.resultsOf(largest.name)) },
      lost: 0,
      raw: rounds.results,
    }
  })
}

function runStart(runFolder: string, path: string): Promise<number> {
  const startedAt = performance.now()
  return withServer(launchTracker(runFolder, { DATABASE_URL: `file:${path}` }), async ({ url }) => {
    while ((await get(`${url}/readyz`)).status !== 200) await sleep(5)
    return performance.now() - startedAt
  })
}
