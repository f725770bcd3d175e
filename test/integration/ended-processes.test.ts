import { expect, onTestFinished, test } from 'vitest'
import type { StoreHandle } from '../../src/store/store.ts'
import { createHeartbeatSeries, keepAlive, recoverAbandoned } from '../../src/tracking/heartbeats.ts'
import { submit } from '../contract/store-calls.ts'
import { openStore } from '../store/open-store.ts'

/**
 * Simulates a process with an upload in progress. `beatAt` writes a heartbeat at this second of the database's clock, and then
 * recovers the uploads of processes that count as ended, as each process does.
 */
async function startProcess(handle: StoreHandle, { isShared }: { isShared: boolean }) {
  const store = { ...handle, isShared }
  let now = 0
  const clock = () => now
  const heartbeatSeries = createHeartbeatSeries()
  const serverClock = { now: clock, synchronize: async () => {} }
  const log = { warn: () => {} }
  const beatAt = async (second: number) => {
    now = second * 1000
    await keepAlive({ store, heartbeatSeries, serverClock })
    await recoverAbandoned({ store, heartbeatSeries, clock, log })
  }
  await beatAt(0)
  const submissionId = await submit(store, ['remove-bg'])
  const uploadState = async () => (await store.findSubmission(submissionId))?.submission.state
  return { beatAt, uploadState }
}

async function startBoth({ isShared } = { isShared: true }) {
  const opened = await openStore()
  onTestFinished(() => opened.destroy())
  return [
    await startProcess(opened.store, { isShared }),
    await startProcess(await opened.openAnotherProcess(), { isShared }),
  ] as const
}

test('after an outage in which no process could write, no process is declared ended at once', async () => {
  const [one, two] = await startBoth()
  for (const second of [10, 20, 30]) for (const process of [one, two]) await process.beatAt(second)
  // The first process could not write heartbeats either, so the second one may be alive.
  await one.beatAt(75)
  expect(await two.uploadState()).toBe('submitting')
  await two.beatAt(77)
  for (const second of [85, 95, 105]) await one.beatAt(second)
  expect(await two.uploadState()).toBe('submitting')
  // Now the last heartbeat of the second process is more than 30 seconds old.
  await one.beatAt(115)
  expect(await two.uploadState()).toBe('unconfirmed')
  expect(await one.uploadState()).toBe('submitting')
})

test('the upload of an ended process is recovered once the last heartbeat of the process is at least 30 seconds old', async () => {
  const [one, two] = await startBoth()
  await two.beatAt(5)
  for (const second of [10, 20, 30]) await one.beatAt(second)
  expect(await two.uploadState()).toBe('submitting')
  await one.beatAt(40)
  expect(await two.uploadState()).toBe('unconfirmed')
})

test('a process that shares its database recovers the uploads of an ended one only after 30 seconds of uninterrupted heartbeats', async () => {
  const opened = await openStore()
  onTestFinished(() => opened.destroy())
  const ended = await startProcess(opened.store, { isShared: true })
  const next = await startProcess(await opened.openAnotherProcess(), { isShared: true })
  for (const second of [300, 310, 320, 329]) await next.beatAt(second)
  expect(await ended.uploadState()).toBe('submitting')
  await next.beatAt(330)
  expect(await ended.uploadState()).toBe('unconfirmed')
})

test('a process that has the database to itself recovers the uploads of ended ones without a series of heartbeats', async () => {
  const [one, two] = await startBoth({ isShared: false })
  await one.beatAt(31)
  expect(await two.uploadState()).toBe('unconfirmed')
})
