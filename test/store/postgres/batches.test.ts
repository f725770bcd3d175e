import { iterationsOf, reportFigures, SEED } from '../../chaos/chaos.ts'
import { batchesContract } from '../../contract/batches/batches-contract.ts'
import { openBatchedPostgres } from './postgres-batches.ts'

const RUNS = iterationsOf('BATCHES_RUNS', { short: 10, long: 1_000 })

batchesContract('the PostgreSQL store', openBatchedPostgres, {
  runs: RUNS,
  seed: SEED,
  report(cases) {
    const counts = [...cases].map(([name, times]) => `${name} ${times}`).join(', ')
    reportFigures(`batches on PostgreSQL: ${RUNS} sequences, seed ${SEED}: no difference (${counts})`)
  },
})
