import type { StoreFixture } from '../contract/store-fixture.ts'
import { databaseName } from '../support/database.ts'
import { openSqlite } from './open-sqlite.ts'
import { openPostgres } from './postgres/open-postgres.ts'

/** Opens a new store on SQLite or PostgreSQL, whichever this test runs on. */
export function openStore(): Promise<StoreFixture> {
  return databaseName() === 'PostgreSQL' ? openPostgres() : openSqlite()
}
