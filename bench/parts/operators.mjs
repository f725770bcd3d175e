// How long an operator's reads take with 10,000 and with many runs (three deliveries for each), side by side.
import { share } from '../figures.mjs'
import { queryPlans } from '../operators/plans.mjs'
import { operatorReads } from '../operators/reads.mjs'
import { openSample } from '../operators/sample.mjs'
import { takeSeeded } from '../seeding/seeded-file.mjs'

const TIMES = Number(process.env.TIMES ?? 60)

export async function measure(bench) {
  const sizes = [10_000, bench.isQuick ? 50_000 : bench.mostRuns]
  const paths = sizes.map((size) => takeSeeded(bench, size))
  const samples = paths.map((path) => openSample(path, TIMES))
  const medians = []
  const rows = []
  try {
    for (const { name, read } of operatorReads()) {
      const times = await inTurns(samples, read)
      medians.push(...times.map((each) => share(each, 0.5)))
      rows.push([
        name,
        ...times.map((each) => `${share(each, 0.5).toFixed(2)}, ${share(each, 0.95).toFixed(2)}`),
      ])
    }
  } finally {
    for (const { store } of samples) await store.close()
  }
  return {
    title: 'An operator’s reads',
    tables: [
      {
        title: 'In the store, one at a time',
        columns: ['read', ...sizes.map((size) => `${size.toLocaleString('en')} runs: p50, p95 ms`)],
        rows,
        note: `The slowest median is ${Math.max(...medians).toFixed(1)} ms.`,
      },
    ],
    goals: { 'operators-slowest': Math.max(...medians) },
    lost: 0,
    raw: { rows, plans: queryPlans(paths[0]) },
  }
}

async function inTurns(samples, read) {
  const times = samples.map(() => [])
  for (let round = 0; round < TIMES; round += 1)
    for (const [index, sample] of samples.entries()) {
      const startedAt = performance.now()
      await read(sample, round)
      times[index].push(performance.now() - startedAt)
    }
  return times
}
