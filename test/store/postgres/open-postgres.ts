import { randomInt } from 'node:crypto'
import { openPostgresStore } from '../../../src/store/postgres/open-postgres-store.ts'
import type { StoreHandle } from '../../../src/store/store.ts'
import type { WriteQueueOptions } from '../../../src/store/write-queue.ts'
import { numberFor } from '../../chaos/chaos.ts'
import type { StoreFixture } from '../../contract/store-fixture.ts'
import { releaseHeldLease } from '../../contract/with-lease.ts'
import { createDatabase, rejectRows } from '../../support/database.ts'

/**
 * Of the cases of each property, 15 % are tested, because a case takes many times longer than on SQLite; all of them with
 * `npm run chaos -- --store postgres`.
 */
export const CONTRACT_OPTIONS = { share: numberFor('CONTRACT_PERCENT', { short: 15, long: 100 }) / 100 }

/** A new PostgreSQL store over a separate database, for the contract tests. */
export async function openPostgres(options: WriteQueueOptions = {}): Promise<StoreFixture> {
  const { url, drop } = await createDatabase()
  const processId = newProcessId()
  const handles: StoreHandle[] = []
  const open = async (processId: number): Promise<StoreHandle> => {
    const handle = await openPostgresStore({ url, processId, maxQueued: 10_000, ...options })
    handles.push(handle)
    return handle
  }
  let latest = await open(processId)
  return {
    store: latest,
    async reopen() {
      await releaseHeldLease(latest)
      await latest.close()
      latest = await open(newProcessId())
      return latest
    },
    openAnother: () => open(processId),
    openAnotherProcess: () => open(newProcessId()),
    failInserts: (what, at) => rejectRows({ url }, what, at),
    async destroy() {
      for (const handle of handles) await handle.close()
      await drop()
    },
  }
}

function newProcessId(): number {
  return randomInt(1, 2 ** 47)
}
