import { expect, inject, onTestFinished, test } from 'vitest'
import { migratePostgres, openPostgresStore } from '../../../src/store/postgres/open-postgres-store.ts'
import { newSubmission } from '../../contract/builders.ts'
import { createTestDatabase, listTables, readCells, runSql } from '../../support/database.ts'
import { createDatabase, dropDatabase, queryPostgres } from '../../support/postgres-admin.ts'

/** A database without tables. */
async function createEmptyDatabase(): Promise<{ url: string }> {
  const { url: server } = inject('postgres')
  const { url, name } = await createDatabase(server)
  onTestFinished(() => dropDatabase(server, name))
  return { url }
}

test('of ten simultaneous migrations of an empty database, one creates every table, and the others find them', async () => {
  const database = await createEmptyDatabase()
  const migrationCounts = await Promise.all(Array.from({ length: 10 }, () => migratePostgres(database.url)))
  expect(migrationCounts.filter((count) => count > 0)).toHaveLength(1)
  expect((await listTables(database)).toSorted()).toEqual(
    (await listTables(await createTestDatabase())).toSorted(),
  )
  expect(await migratePostgres(database.url)).toBe(0)
})

test('simultaneous migrations wait for each other, even if the default isolation level of the database is serializable', async () => {
  const database = await createEmptyDatabase()
  const name = new URL(database.url).pathname.slice(1)
  await queryPostgres(
    database.url,
    `ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable'`,
  )
  const migrationCounts = await Promise.all(Array.from({ length: 4 }, () => migratePostgres(database.url)))
  expect(migrationCounts.filter((count) => count > 0)).toHaveLength(1)
})

test('ten processes that start at the same time on an empty database can all write to it', async () => {
  const { url } = await createEmptyDatabase()
  const stores = await Promise.all(Array.from({ length: 10 }, () => openPostgresStore({ url })))
  onTestFinished(async () => {
    for (const store of stores) await store.close()
  })
  const created = await Promise.all(
    stores.map((store) => store.createSubmission(newSubmission(['remove-bg']))),
  )
  for (const [index, { submissionId }] of created.entries())
    expect(await stores[9 - index]?.findSubmission(submissionId)).toBeDefined()
})

test('a database that a newer version has migrated is rejected', async () => {
  const database = await createTestDatabase()
  const [journal] = await readCells(
    database,
    `SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE tablename = '__drizzle_migrations'`,
  )
  await runSql(
    database,
    `INSERT INTO ${String(journal?.['name'])} (hash, created_at) VALUES ('newer', ${Date.parse('2099-01-01')})`,
  )
  for (const open of [() => openPostgresStore(database), () => migratePostgres(database.url)])
    await expect(open()).rejects.toMatchObject({
      name: 'DatabaseStartError',
      message: expect.stringContaining('which this program does not know'),
    })
})
