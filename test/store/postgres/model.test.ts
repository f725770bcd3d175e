import { iterationsOf, reportFigures, SEED } from '../../chaos/chaos.ts'
import { modelContract } from '../../contract/model/model-contract.ts'
import { openPostgres } from './open-postgres.ts'

const RUNS = iterationsOf('MODEL_RUNS', { short: 60, long: 10_000 })

// With several concurrent transactions, concurrent steps take effect in any order.
modelContract('the PostgreSQL store', () => openPostgres({ maxTransactions: 1 }), {
  runs: RUNS,
  seed: SEED,
  report(cases) {
    const counts = [...cases].map(([name, times]) => `${name} ${times}`).join(', ')
    reportFigures(`model on PostgreSQL: ${RUNS} sequences, seed ${SEED}: no difference (${counts})`)
  },
})
