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
async function passOf(
  store: StoreHandle,
  listFiles: FileLookup['listFiles'],
  { clock, ...lookup }: { clock: () => number } & Partial<FileLookup> = { clock: Date.now },
) {
  const lease = createUpkeepLease({ clock })
  await lease.renew(store)
  const imagekit: FileLookup = {
    batchesOf: (fileIds) => (fileIds.length === 0 ? [] : [[...fileIds]]),
    listFiles,
    findFile: async () => ({ kind: 'seen', value: null }),
    ...lookup,
  }
  const { report } = await reconcile(
    {
      store,
      lease,
      imagekit,
      clock,
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

test('what a process checks for longer than a claim lasts is left alone by another', async () => {
  const [one, two] = await openBoth()
  let now = Date.now()
  const clock = () => now
  const listFiles: FileLookup['listFiles'] = async () => {
    now += 15_000
    return { kind: 'seen', value: new Map() }
  }
  const findFile: FileLookup['findFile'] = async () => {
    now += 30_000
    const others = async () => expect.unreachable('another process has claimed the run')
    expect(await passOf(two, others, { clock })).toEqual([])
    return { kind: 'failed', reason: 'No answer.' }
  }
  expect(await passOf(one, listFiles, { clock, findFile })).toEqual(['unchanged'])
  // That counts: the run is due again before the claim would have ended.
  expect(await passOf(two, async () => ({ kind: 'seen', value: new Map() }), { clock })).toEqual([
    'asset_gone',
  ])
})

test('what a process was checking when it died is due for another 40 seconds after its last request', async () => {
  const [one, two] = await openBoth()
  const startedAt = Date.now()
  await new Promise<void>((asked) => {
    const askForEver = () => {
      asked()
      return new Promise<never>(() => {})
    }
    void passOf(one, askForEver, { clock: () => startedAt })
  })
  const lookLater = (ms: number) =>
    passOf(two, async () => ({ kind: 'seen', value: new Map() }), { clock: () => startedAt + ms })
  // A claim is none of a wrong clock, also where the clock has been corrected by a little.
  expect(await lookLater(-30_000)).toEqual([])
  expect(await lookLater(39_999)).toEqual([])
  expect(await lookLater(40_000)).toEqual(['asset_gone'])
})
