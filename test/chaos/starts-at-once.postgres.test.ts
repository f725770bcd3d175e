import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startOwnServer } from '../support/own-server.ts'
import { queryPostgres } from '../support/postgres-admin.ts'
import { numberFor, reportFigures } from './chaos.ts'
import { registerFile, settle, startProcess, statusAt, waitForRecovery } from './postgres/processes.ts'
import { createSharedLoad } from './postgres/shared-load.ts'

const ROUNDS = numberFor('STARTS', { short: 1, long: 10 })
const PROCESSES = 10

/** The partitions of `delivery_bodies`, one for each day: today and the next three weeks. */
const PARTITIONS = 22

const MIGRATIONS = readdirSync(new URL('../../drizzle/postgres', import.meta.url)).filter((name) =>
  name.endsWith('.sql'),
)

test(`${PROCESSES} processes that start at once on an empty database all serve, with one schema, ${ROUNDS} times`, {
  timeout: 60_000 + ROUNDS * 60_000,
}, async () => {
  let acknowledged = 0
  const lost: string[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const server = await startOwnServer()
    const load = await createSharedLoad()
    const trackers = await Promise.all(Array.from({ length: PROCESSES }, () => startProcess(server, load)))
    const applied = await queryPostgres(server.url, 'SELECT hash FROM __drizzle_migrations')
    expect(applied).toHaveLength(MIGRATIONS.length)
    const partitions = await queryPostgres(
      server.url,
      `SELECT inhrelid FROM pg_inherits WHERE inhparent = 'delivery_bodies'::regclass`,
    )
    expect(partitions).toHaveLength(PARTITIONS)
    expect(await queryPostgres(server.url, 'SELECT holder FROM leases')).toHaveLength(1)
    // Each process registers a file, the next process receives its webhook, and the one after the next returns its status.
    for (const [place, tracker] of trackers.entries()) {
      const [next, afterNext] = [1, 2].map((steps) => trackers[(place + steps) % PROCESSES] ?? tracker)
      await waitForRecovery(tracker)
      const file = await registerFile(tracker)
      expect(await settle(next ?? tracker, file)).toMatchObject({ status: 200 })
      acknowledged += 1
      const { body } = await statusAt(afterNext ?? tracker, file)
      const { status } = JSON.parse(body) as { status: string }
      if (status !== 'success') lost.push(`${file.fileId}: ${status}`)
    }
    for (const { process, exited } of trackers) {
      process.kill('SIGTERM')
      expect(await exited).toBe(0)
    }
  }
  reportFigures(
    `${PROCESSES} processes at once on an empty database, ${ROUNDS} times: all of them served, with one schema; ` +
      `${acknowledged} deliveries acknowledged, ${lost.length} lost`,
  )
  expect(lost).toEqual([])
})
