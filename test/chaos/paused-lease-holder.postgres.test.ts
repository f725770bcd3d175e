import { expect, test } from 'vitest'
import { readRows } from '../support/database.ts'
import { type OwnServer, startOwnServer } from '../support/own-server.ts'
import { queryPostgres } from '../support/postgres-admin.ts'
import { numberFor, reportFigures } from './chaos.ts'
import {
  measureWake,
  readLease,
  SLACK_MS,
  startProcess,
  until,
  waitForMoreAcknowledged,
  waitForRecovery,
} from './postgres/processes.ts'
import { createSharedLoad } from './postgres/shared-load.ts'

const PAUSES = numberFor('PAUSES', { short: 1, long: 5 })

/**
 * Another process takes over the lease within this time after the last renewal: the lease lasts 20 seconds, and the other process
 * tries to acquire it every 10 seconds.
 */
const MAX_TAKEOVER_MS = 30_000

/** Once the processes have started, only the holder of the lease may write these. */
const MAINTENANCE_TABLES = ['counters', 'metadata']

/** Logs every write to these tables with the user who made it and the epoch of the lease at that time; each new holder has a higher one. */
const LOG_MAINTENANCE_WRITES = `
  CREATE TABLE maintenance_writes (who text, epoch bigint);
  CREATE FUNCTION log_write() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO maintenance_writes SELECT session_user, epoch FROM leases; RETURN NULL; END $$;
  ${MAINTENANCE_TABLES.map(
    (table) =>
      `CREATE TRIGGER log_write AFTER INSERT OR UPDATE OR DELETE ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION log_write()`,
  ).join(';')}`

test(`a lease holder that is paused until its lease has ended writes nothing afterwards that only the holder may write, ${PAUSES} times`, {
  timeout: 60_000 + PAUSES * 90_000,
}, async () => {
  const server = await startOwnServer()
  const load = await createSharedLoad()
  const users = { one: await createUser(server, 'one'), two: await createUser(server, 'two') }
  const env = { RECONCILE_AFTER: '1s', RECONCILE_EVERY: '1s' }
  const one = { name: 'one', ...(await startProcess(users.one, load, env)) }
  await queryPostgres(server.url, LOG_MAINTENANCE_WRITES)
  const two = { name: 'two', ...(await startProcess(users.two, load, env)) }
  let longestTakeoverMs = 0
  let [holder, other] = [one, two]
  for (let count = 0; count < PAUSES; count += 1) {
    const before = await readLease(server)
    const countWrites = async (who: string, epoch: number) => {
      const writes = await readRows(
        server,
        `SELECT FROM maintenance_writes WHERE who = '${who}' AND epoch = ${epoch}`,
      )
      return writes.length
    }
    load.begin([holder.url, other.url])
    await waitForMoreAcknowledged(load, 100)
    await until(async () => expect(await countWrites(holder.name, before.epoch)).toBeGreaterThan(0))
    const delayed = await load.delayUpload(holder.url)
    const pausedAt = performance.now()
    holder.process.kill('SIGSTOP')
    load.continueAt([other.url])
    await waitForMoreAcknowledged(load, 100)
    await until(async () => expect((await readLease(server)).epoch).toBe(before.epoch + 1))
    longestTakeoverMs = Math.max(longestTakeoverMs, performance.now() - pausedAt)
    expect(longestTakeoverMs).toBeLessThan(MAX_TAKEOVER_MS + SLACK_MS)
    await until(async () => expect(await countWrites(other.name, before.epoch + 1)).toBeGreaterThan(0))
    await until(async () => expect(await countOwned(server, before.holder)).toBe(0))

    holder.process.kill('SIGCONT')
    load.release()
    load.continueAt([holder.url, other.url])
    await waitForMoreAcknowledged(load, 100)
    await waitForRecovery(holder)
    // The caller of the upload that was in progress still gets its response.
    await until(() => expect(delayed.submissionId).not.toBeNull())
    // The other process has deleted the row of the resumed one, whose next heartbeat writes it again. Right after this heartbeat, the
    // resumed process learns that it no longer holds the lease.
    await until(async () =>
      expect(await readRows(server, `SELECT FROM processes WHERE id = ${before.holder}`)).toHaveLength(1),
    )
    expect(await measureWake(other, holder)).toBeLessThan(2_000)
    await load.end()
    expect((await readLease(server)).epoch).toBe(before.epoch + 1)
    expect(await countWrites(holder.name, before.epoch + 1)).toBe(0)
    ;[holder, other] = [other, holder]
  }
  await waitForRecovery(holder)
  const lost = await load.listLost(holder.url, server)
  reportFigures(
    `the holder of the lease was paused until the lease had ended, ${PAUSES} times: ${load.summary(lost)}; the other process had ` +
      `the lease after ${(longestTakeoverMs / 1000).toFixed(1)} s at most; the resumed process then wrote 0 rows that only the holder may write`,
  )
  // Requests that had only partly arrived before the pause may get 408 after it.
  expect(load.unexpected().filter((response) => !/^\w+: 408 /.test(response))).toEqual([])
  expect(lost).toEqual([])
})

/** Creates a database user for one process, so that its writes can be distinguished. Resolves with the database's URL for this user. */
async function createUser({ url }: OwnServer, name: string): Promise<{ url: string }> {
  await queryPostgres(url, `CREATE ROLE ${name} LOGIN SUPERUSER PASSWORD '${name}'`)
  return { url: Object.assign(new URL(url), { username: name, password: name }).href }
}

/** The number of uploads in progress that the process owns. */
async function countOwned(server: OwnServer, id: number): Promise<number> {
  return (await readRows(server, `SELECT FROM submissions WHERE owner = ${id}`)).length
}
