import { expect, test } from 'vitest'
import { startReplication } from '../support/own-server.ts'
import { queryPostgres } from '../support/postgres-admin.ts'
import { numberFor, reportFigures } from './chaos.ts'
import { startDatabaseProxy } from './postgres/database-proxy.ts'
import {
  measureWake,
  type Process,
  registerFile,
  settle,
  startProcess,
  statusAt,
  until,
  waitForMoreAcknowledged,
  waitForRecovery,
} from './postgres/processes.ts'
import { createSharedLoad } from './postgres/shared-load.ts'

const FAILOVERS = numberFor('FAILOVERS', { short: 1, long: 5 })

/** More requests than this must get 503 before the address leads to a server that accepts writes. */
const MIN_REJECTIONS = 50

test.each([
  // Commits wait for the standby, so the standby has everything that was acknowledged.
  { how: 'crash', title: 'the primary crashes, and the standby is promoted' },
  { how: 'switch', title: 'the standby is promoted, and the old primary follows it, read-only' },
] as const)(
  `the service survives a failover under load, ${FAILOVERS} times: $title`,
  {
    timeout: FAILOVERS * 150_000,
  },
  async ({ how, title }) => {
    const lines: string[] = []
    for (let failover = 0; failover < FAILOVERS; failover += 1) {
      const { primary, standby, promote, demote } = await startReplication()
      const proxy = await startDatabaseProxy(primary.port)
      const load = await createSharedLoad()
      const database = { url: proxy.through(primary.url) }
      const [one, two] = [await startProcess(database, load), await startProcess(database, load)]
      const watched = await registerFile(one)
      load.begin([one.url, two.url])
      await waitForMoreAcknowledged(load, 100)
      const [replication] = await queryPostgres(primary.url, 'SELECT sync_state FROM pg_stat_replication')
      expect(replication).toEqual({ sync_state: 'sync' })

      if (how === 'crash') {
        await primary.crash()
        proxy.switchTo(standby.port)
        await expectReadOnly([one, two])
        await promote()
      } else {
        await primary.stop()
        await promote()
        await demote()
        await primary.start()
        // The address still leads to the old primary, which is now a standby.
        await expectReadOnly([one, two])
        proxy.switchTo(standby.port)
      }
      await waitForMoreAcknowledged(load, 100)
      for (const tracker of [one, two]) await waitForRecovery(tracker)
      expect(await measureWake(one, two)).toBeLessThan(2_000)
      await load.end()
      for (const tracker of [one, two]) await waitForRecovery(tracker)
      const lost = await load.listLost(one.url, standby)
      lines.push(load.summary(lost))
      expect(load.unexpected()).toEqual([])
      expect(lost).toEqual([])

      /** Expects 503 for reads too: the address leads to a read-only server, whose data may be old. */
      async function expectReadOnly(trackers: readonly Process[]): Promise<void> {
        const since = performance.now()
        const rejections = () => load.rejections().filter(({ sentAt }) => sentAt > since)
        await until(() => expect(rejections().length).toBeGreaterThan(MIN_REJECTIONS))
        await until(async () =>
          expect(await queryPostgres(database.url, 'SELECT pg_is_in_recovery() AS is')).toEqual([{ is: 1 }]),
        )
        for (const tracker of trackers)
          for (const response of [await statusAt(tracker, watched), await settle(tracker, watched)])
            expect(response).toMatchObject({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) })
      }
    }
    reportFigures(`failover, ${FAILOVERS} times, ${title}: ${lines.join('; ')}`)
  },
)
