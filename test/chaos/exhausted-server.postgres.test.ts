import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { type OwnServer, startOwnServer } from '../support/own-server.ts'
import { numberFor, reportFigures } from './chaos.ts'
import {
  measureWake,
  registerFile,
  SLACK_MS,
  settle,
  startProcess,
  statusAt,
  until,
  waitForMoreAcknowledged,
  waitForRecovery,
} from './postgres/processes.ts'
import { createSharedLoad } from './postgres/shared-load.ts'

const ROUNDS = numberFor('EXHAUSTIONS', { short: 1, long: 5 })

/**
 * A statement waits for a lock for at most 2 s, and a failed transaction is retried for at most 5 s: 7 s in all. A write that is
 * queued behind such a transaction waits for these 7 s as well.
 */
const MAX_REJECTION_MS = 14_000

test(`while other programs lock its tables, the service rejects webhooks with 503 and loses none, ${ROUNDS} times`, {
  timeout: 60_000 + ROUNDS * 90_000,
}, async () => {
  const server = await startOwnServer()
  const load = await createSharedLoad()
  const [one, two] = [await startProcess(server, load), await startProcess(server, load)]
  const watched = await registerFile(one)
  load.begin([one.url, two.url])
  for (let round = 0; round < ROUNDS; round += 1) {
    await waitForMoreAcknowledged(load, 100)
    const holder = await openClient(server)
    await holder.query('BEGIN; LOCK TABLE submissions, deliveries IN SHARE ROW EXCLUSIVE MODE')
    const lockedAt = performance.now()
    await until(() => expect(load.rejections().some(({ sentAt }) => sentAt > lockedAt)).toBe(true))
    // This lock does not block reads.
    expect(await statusAt(one, watched)).toMatchObject({ status: 200 })
    expect(await fetch(`${one.url}/healthz`)).toMatchObject({ status: 200 })
    await holder.query('ROLLBACK')
    await holder.end()
    await waitForMoreAcknowledged(load, 100)
    for (const tracker of [one, two]) await waitForRecovery(tracker)
  }
  await load.end()
  await waitForRecovery(one)
  const slowestMs = Math.max(...load.rejections().map(({ ms }) => ms))
  const lost = await load.listLost(one.url, server)
  reportFigures(
    `locks held by others, ${ROUNDS} times: ${load.summary(lost)}; the slowest 503 took ${(slowestMs / 1000).toFixed(1)} s`,
  )
  expect(load.unexpected()).toEqual([])
  expect(slowestMs).toBeLessThan(MAX_REJECTION_MS + SLACK_MS)
  expect(lost).toEqual([])
})

test(`while other programs use all connections of the server, the service loses no webhook, ${ROUNDS} times`, {
  timeout: 60_000 + ROUNDS * 90_000,
}, async () => {
  const server = await startOwnServer(['max_connections=30', 'superuser_reserved_connections=0'])
  const load = await createSharedLoad()
  const [one, two] = [await startProcess(server, load), await startProcess(server, load)]
  const watched = await registerFile(one)
  load.begin([one.url, two.url])
  for (let round = 0; round < ROUNDS; round += 1) {
    await waitForMoreAcknowledged(load, 100)
    const clients = await takeAllConnections(server)
    const exhaustedAt = performance.now()
    const rejections = () => load.rejections().filter(({ sentAt }) => sentAt > exhaustedAt)
    await until(() => expect(rejections().length).toBeGreaterThan(100))
    for (const tracker of [one, two])
      for (const response of [await statusAt(tracker, watched), await settle(tracker, watched)]) {
        expect(response).toMatchObject({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) })
        expect(response.ms).toBeLessThan(1_000)
      }
    // A process that starts now waits for a connection.
    const late = await startProcess(server, load)
    expect(await statusAt(late, watched)).toMatchObject({ status: 503 })
    for (const client of clients) await client.end()
    await waitForMoreAcknowledged(load, 100)
    for (const tracker of [one, two, late]) await waitForRecovery(tracker)
    expect(await measureWake(one, late)).toBeLessThan(2_000)
    late.process.kill()
    expect(await late.exited).toBe(0)
  }
  await load.end()
  await waitForRecovery(one)
  const lost = await load.listLost(one.url, server)
  reportFigures(`all connections used up by others, ${ROUNDS} times: ${load.summary(lost)}`)
  expect(load.unexpected()).toEqual([])
  expect(lost).toEqual([])
})

async function openClient({ url }: OwnServer): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: 'another program' })
  client.on('error', () => {})
  onTestFinished(() => client.end())
  await client.connect()
  return client
}

/** Terminates the connections of the service and takes their slots, until it has none. */
async function takeAllConnections(server: OwnServer): Promise<Client[]> {
  const clients: Client[] = [await openClient(server)]
  const [first] = clients
  for (let before = 0; ; before = clients.length) {
    const ended = await first?.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'imagekit-extension-tracker%'`,
    )
    for (let isFull = false; !isFull; ) {
      const client = await openClient(server).catch(() => undefined)
      if (client === undefined) isFull = true
      else clients.push(client)
    }
    if (ended?.rowCount === 0 && clients.length === before) return clients
  }
}
