import { SEED, tell, timesOf } from '../../chaos/chaos.ts'
import { modelContract } from '../../contract/model/model-contract.ts'
import { openPostgres } from './open-postgres.ts'

const RUNS = timesOf('MODEL_RUNS', { short: 60, long: 10_000 })

// With several transactions under way, steps that are asked for at once take effect in any order.
modelContract('the PostgreSQL store', () => openPostgres({ maxTransactions: 1 }), {
  runs: RUNS,
  seed: SEED,
  tell(seen) {
    const counts = [...seen].map(([what, times]) => `${what} ${times}`).join(', ')
    tell(`model on PostgreSQL: ${RUNS} sequences, seed ${SEED}: no difference (${counts})`)
  },
})
