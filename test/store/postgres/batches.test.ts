import { SEED, tell, timesOf } from '../../chaos/chaos.ts'
import { batchesContract } from '../../contract/batches.ts'
import { openBatchedPostgres } from './postgres-batches.ts'

const RUNS = timesOf('BATCHES_RUNS', { short: 10, long: 1_000 })

batchesContract('the PostgreSQL store', openBatchedPostgres, {
  runs: RUNS,
  seed: SEED,
  tell(seen) {
    const counts = [...seen].map(([what, times]) => `${what} ${times}`).join(', ')
    tell(`batches on PostgreSQL: ${RUNS} sequences, seed ${SEED}: no difference (${counts})`)
  },
})
