import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { iterationsOf, reportFigures, SEED } from '../chaos/chaos.ts'
import { modelContract } from '../contract/model/model-contract.ts'
import { createEmptySqlite } from '../support/empty-sqlite.ts'

const RUNS = iterationsOf('MODEL_RUNS', { short: 60, long: 10_000 })

modelContract(
  'the SQLite store',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tracker-model-'))
    const path = join(folder, 'tracker.db')
    createEmptySqlite(path)
    let store = openSqliteStore({ path })
    return {
      store,
      async reopen() {
        await store.close()
        store = openSqliteStore({ path })
        return store
      },
      async destroy() {
        await store.close()
        await rm(folder, { recursive: true })
      },
    }
  },
  {
    runs: RUNS,
    seed: SEED,
    report(seen) {
      const counts = [...seen].map(([what, times]) => `${what} ${times}`).join(', ')
      reportFigures(`model: ${RUNS} sequences, seed ${SEED}: no difference (${counts})`)
    },
  },
)
