import { batchesContract } from '../contract/batches/batches-contract.ts'
import { openBatchedSqlite } from '../store/sqlite-batches.ts'
import { numberFor, reportFigures, SEED } from './chaos.ts'

const SEQUENCES = numberFor('BATCHES_RUNS', { short: 150, long: 10_000 })

batchesContract('the SQLite store', openBatchedSqlite, {
  sequenceCount: SEQUENCES,
  seed: SEED,
  report(cases) {
    const counts = [...cases].map(([name, times]) => `${name} ${times}`).join(', ')
    reportFigures(
      `batches: about ${SEQUENCES} sequences of steps, seed ${SEED}: the same results in batches as one step at a time (${counts})`,
    )
  },
})
