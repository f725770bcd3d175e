// How long `serve` takes from its start until it is ready, on an empty file and on the largest.
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { median, spread } from '../figures.mjs'
import { ask } from '../load/ask.mjs'
import { describeSyncs, inRounds } from '../rounds.mjs'
import { takeSeeded } from '../seeding/seeded-file.mjs'
import { launchTracker, withServer } from '../servers/launch.mjs'

const STARTS = 5

export async function measure(bench) {
  const own = mkdtempSync(join(bench.folder, 'start-'))
  try {
    const most = bench.isQuick ? 50_000 : bench.mostRuns
    const variants = [
      { name: 'an empty file', path: join(own, 'empty.db') },
      { name: `${most.toLocaleString('en')} runs`, path: takeSeeded(bench, most) },
    ]
    const rounds = await inRounds({ ...bench, rounds: STARTS }, variants, ({ path }) => runStart(own, path))
    const times = (name) => rounds.found.get(name)
    return {
      title: 'Start',
      tables: [
        {
          title: 'From the start of the process to `GET /readyz` 200',
          columns: ['file', 'ms: median (least–most)'],
          rows: variants.map(({ name }) => [name, spread(times(name))]),
          note: `What is read of the file is in the memory of the system. ${describeSyncs(rounds)}`,
        },
      ],
      goals: { start: median(times(variants[1].name)) },
      lost: 0,
      raw: Object.fromEntries(rounds.found),
    }
  } finally {
    rmSync(own, { recursive: true })
  }
}

function runStart(own, path) {
  const startedAt = performance.now()
  return withServer(launchTracker(own, { DATABASE_URL: `file:${path}` }), async ({ url }) => {
    while ((await ask(`${url}/readyz`)).status !== 200) await sleep(5)
    return performance.now() - startedAt
  })
}
