import type { StoreHandle } from '../store.ts'
import type { WriteQueueOptions } from '../write-queue.ts'

export type PostgresStoreOptions = WriteQueueOptions & { url: string; processId?: number }

/** Stands in the place of the store, which replaces this file. */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<StoreHandle> {
  throw new Error(`There is no store for ${options.url} yet.`)
}

export async function migratePostgres(url: string): Promise<number> {
  throw new Error(`There is no store for ${url} yet.`)
}
