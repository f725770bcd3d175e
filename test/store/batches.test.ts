import { afterAll } from 'vitest'
import { batchesContract } from '../contract/batches.ts'
import { createSqliteStores } from './sqlite-batches.ts'

const stores = createSqliteStores()
afterAll(() => stores.end())

batchesContract('the SQLite store', () => stores.open(), {
  runs: 300,
  seed: 20_261,
  report: () => {},
})
