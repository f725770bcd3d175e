import { afterAll } from 'vitest'
import { batchesContract } from '../contract/batches.ts'
import { createSqliteStores } from '../store/sqlite-batches.ts'
import { iterationsOf, reportFigures, SEED } from './chaos.ts'

const RUNS = iterationsOf('BATCHES_RUNS', { short: 20, long: 10_000 })

const stores = createSqliteStores()
afterAll(() => stores.end())

batchesContract('the SQLite store', () => stores.open(), {
  runs: RUNS,
  seed: SEED,
  report(seen) {
    const counts = [...seen].map(([what, times]) => `${what} ${times}`).join(', ')
    reportFigures(`batches: ${RUNS} sequences, seed ${SEED}: no difference (${counts})`)
  },
})
