import { numberFor, reportFigures, SEED } from '../../chaos/chaos.ts'
import { modelContract } from '../../contract/model/model-contract.ts'
import { openPostgres } from './open-postgres.ts'

const SEQUENCES = numberFor('MODEL_RUNS', { short: 60, long: 10_000 })

// One transaction at a time: concurrent transactions would apply concurrent steps in any order, and the model applies them in the order
// of the calls.
modelContract('the PostgreSQL store', () => openPostgres({ maxTransactions: 1 }), {
  sequenceCount: SEQUENCES,
  seed: SEED,
  report(cases) {
    const counts = [...cases].map(([name, times]) => `${name} ${times}`).join(', ')
    reportFigures(`model on PostgreSQL: ${SEQUENCES} sequences, seed ${SEED}: no difference (${counts})`)
  },
})
