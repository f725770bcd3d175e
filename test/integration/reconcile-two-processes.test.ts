import { expect, onTestFinished, test } from 'vitest'
import type { StoreHandle } from '../../src/store/store.ts'
import type { FileLookup } from '../../src/tracking/fetch-files.ts'
import { createMutex } from '../../src/tracking/mutex.ts'
import { reconcile } from '../../src/tracking/reconcile.ts'
import { createUpkeepLease } from '../../src/tracking/upkeep-lease.ts'
import { FILE_ID, submit } from '../contract/facts.ts'
import { openStore } from '../store/open-store.ts'

/** Two processes on one database, in which one run is overdue. */
async function openBoth(): Promise<[StoreHandle, StoreHandle]> {
  const opened = await openStore()
  onTestFinished(() => opened.destroy())
  await submit(opened.store, ['remove-bg'], { fileId: FILE_ID, kind: 'update', at: Date.now() - 1_000 })
  return [opened.store, await opened.openAnotherProcess()]
}

/** One pass of a process whose runs are overdue, and checked again, after a millisecond. */
async function passOf(store: StoreHandle, listFiles: FileLookup['listFiles']) {
  const lease = createUpkeepLease({ clock: Date.now })
  await lease.renew(store)
  const imagekit: FileLookup = {
    batchesOf: (fileIds) => (fileIds.length === 0 ? [] : [[...fileIds]]),
    listFiles,
    findFile: async () => ({ kind: 'seen', value: null }),
  }
  const { report } = await reconcile(
    {
      store,
      lease,
      imagekit,
      clock: Date.now,
      meter: { runReconciled: () => {} },
      runExclusive: createMutex(),
      successPayload: () => '{}',
      overdueAfterMs: 1,
      everyMs: 1,
      expireAfterMs: 60_000,
    },
    { dryRun: false },
  )
  return report.runs.map(({ finding }) => finding)
}

test('what one process is checking is left alone by another, and what it finds counts', async () => {
  const [one, two] = await openBoth()
  let end = () => {}
  const isAsked = new Promise<void>((asked) => {
    end = asked
  })
  let answer = () => {}
  const first = passOf(one, async () => {
    end()
    await new Promise<void>((answered) => {
      answer = answered
    })
    return { kind: 'seen', value: new Map() }
  })
  await isAsked
  const others = async () => expect.unreachable('another process has claimed the run')
  expect(await passOf(two, others)).toEqual([])
  answer()
  expect(await first).toEqual(['asset_gone'])
})

test('what a process has not reached when ImageKit asked to be left alone is due for another at once', async () => {
  const [one, two] = await openBoth()
  expect(await passOf(one, async () => ({ kind: 'held_back', ms: 60_000 }))).toEqual([])
  expect(await passOf(two, async () => ({ kind: 'seen', value: new Map() }))).toEqual(['asset_gone'])
})
