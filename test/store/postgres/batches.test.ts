import { numberFor, reportFigures, SEED } from '../../chaos/chaos.ts'
import { batchesContract } from '../../contract/batches/batches-contract.ts'
import { openBatchedPostgres } from './postgres-batches.ts'

const SEQUENCES = numberFor('BATCHES_RUNS', { short: 10, long: 1_000 })

batchesContract('the PostgreSQL store', openBatchedPostgres, {
  sequenceCount: SEQUENCES,
  seed: SEED,
  report(cases) {
    const counts = [...cases].map(([name, times]) => `${name} ${times}`).join(', ')
    reportFigures(
      `batches on PostgreSQL: about ${SEQUENCES} sequences, seed ${SEED}: no difference (${counts})`,
    )
  },
})
