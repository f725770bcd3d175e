import type { StoreFixture } from '../contract/store-fixture.ts'
import { databaseName } from '../support/database.ts'
import { openSqlite } from './open-sqlite.ts'
import { openPostgres } from './postgres/open-postgres.ts'

/** A new store over the database that this test runs on. */
export function openStore(): Promise<StoreFixture> {
  return databaseName() === 'PostgreSQL' ? openPostgres() : openSqlite()
}
