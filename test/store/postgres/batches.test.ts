import { batchesContract } from '../../contract/batches.ts'
import { openBatchedPostgres } from './postgres-batches.ts'

batchesContract('the PostgreSQL store', openBatchedPostgres, { runs: 20, seed: 20_261, tell: () => {} })
