import { numberFor, reportFigures, SEED } from '../chaos/chaos.ts'
import { modelContract } from '../contract/model/model-contract.ts'
import { openSqlite } from './open-sqlite.ts'

const SEQUENCES = numberFor('MODEL_RUNS', { short: 60, long: 10_000 })

modelContract('the SQLite store', openSqlite, {
  sequenceCount: SEQUENCES,
  seed: SEED,
  report(cases) {
    const counts = [...cases].map(([name, times]) => `${name} ${times}`).join(', ')
    reportFigures(`model: ${SEQUENCES} sequences, seed ${SEED}: no difference (${counts})`)
  },
})
