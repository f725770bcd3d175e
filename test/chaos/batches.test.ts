import { batchesContract } from '../contract/batches/batches-contract.ts'
import { openBatchedSqlite } from '../store/sqlite-batches.ts'
import { iterationsOf, reportFigures, SEED } from './chaos.ts'

const RUNS = iterationsOf('BATCHES_RUNS', { short: 150, long: 10_000 })

batchesContract('the SQLite store', openBatchedSqlite, {
  runs: RUNS,
  seed: SEED,
  report(timesByEvent) {
    const counts = [...timesByEvent].map(([what, times]) => `${what} ${times}`).join(', ')
    reportFigures(`batches: ${RUNS} sequences, seed ${SEED}: no difference (${counts})`)
  },
})
