import { expect, onTestFinished, test } from 'vitest'
import { createMutex } from '../../src/domain/mutex.ts'
import type { StoreHandle } from '../../src/store/store.ts'
import { createMaintenanceLease } from '../../src/tracking/maintenance-lease.ts'
import type { FileLookup } from '../../src/tracking/reconcile/fetch-files.ts'
import { reconcile } from '../../src/tracking/reconcile/reconcile.ts'
import { FILE_ID } from '../contract/builders.ts'
import { submit } from '../contract/store-calls.ts'
import { openStore } from '../store/open-store.ts'

/** Opens the stores of two processes on one database, in which one run is overdue. */
async function openBoth(): Promise<[StoreHandle, StoreHandle]> {
  const opened = await openStore()
  onTestFinished(() => opened.destroy())
  await submit(opened.store, ['remove-bg'], { fileId: FILE_ID, kind: 'update', at: Date.now() - 1_000 })
  return [opened.store, await opened.openAnotherProcess()]
}

/**
 * Runs one pass of a process. Runs are overdue a millisecond after their request, and due again a millisecond after a check. By default,
 * `findFile` finds no file.
 */
async function runPass(
  store: StoreHandle,
  listFiles: FileLookup['listFiles'],
  { clock, ...lookup }: { clock: () => number } & Partial<FileLookup> = { clock: Date.now },
) {
  const lease = createMaintenanceLease({ clock })
  await lease.renew(store)
  const imagekit: FileLookup = {
    batchesOf: (fileIds) => (fileIds.length === 0 ? [] : [[...fileIds]]),
    listFiles,
    findFile: async () => ({ kind: 'ok', value: null }),
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

test('while one process checks a run, the other skips it', async () => {
  const [one, two] = await openBoth()
  let noteLookup = () => {}
  const lookupStarted = new Promise<void>((resolve) => {
    noteLookup = resolve
  })
  let respond = () => {}
  const first = runPass(one, async () => {
    noteLookup()
    await new Promise<void>((resolve) => {
      respond = resolve
    })
    return { kind: 'ok', value: new Map() }
  })
  await lookupStarted
  const expectNoLookup = async () => expect.unreachable('another process has claimed the run')
  expect(await runPass(two, expectNoLookup)).toEqual([])
  respond()
  expect(await first).toEqual(['asset_gone'])
})

test('after a 429, the runs that a process has claimed but not checked are due for another process at once', async () => {
  const [one, two] = await openBoth()
  expect(await runPass(one, async () => ({ kind: 'rate_limited', ms: 60_000 }))).toEqual([])
  expect(await runPass(two, async () => ({ kind: 'ok', value: new Map() }))).toEqual(['asset_gone'])
})

test('a check that takes longer than a claim extends the claim, so another process skips the run', async () => {
  const [one, two] = await openBoth()
  let now = Date.now()
  const clock = () => now
  const listFiles: FileLookup['listFiles'] = async () => {
    now += 15_000
    return { kind: 'ok', value: new Map() }
  }
  const findFile: FileLookup['findFile'] = async () => {
    now += 30_000
    const expectNoLookup = async () => expect.unreachable('another process has claimed the run')
    expect(await runPass(two, expectNoLookup, { clock })).toEqual([])
    return { kind: 'failed', reason: 'No response.' }
  }
  expect(await runPass(one, listFiles, { clock, findFile })).toEqual(['unchanged'])
  // The check has replaced the claim: the run is due again now, although the claim would not have ended yet.
  expect(await runPass(two, async () => ({ kind: 'ok', value: new Map() }), { clock })).toEqual([
    'asset_gone',
  ])
})

test('if a process dies while it checks a run, the run is due for the other process when the claim ends, after 40 seconds', async () => {
  const [one, two] = await openBoth()
  const startedAt = Date.now()
  await new Promise<void>((requested) => {
    const waitForever = () => {
      requested()
      return new Promise<never>(() => {})
    }
    void runPass(one, waitForever, { clock: () => startedAt })
  })
  const runPassLater = (ms: number) =>
    runPass(two, async () => ({ kind: 'ok', value: new Map() }), { clock: () => startedAt + ms })
  // A due time far in the future counts as due (`latestDueAt`). The claim's end is not that far away, even for a clock set back by 30 s.
  expect(await runPassLater(-30_000)).toEqual([])
  expect(await runPassLater(39_999)).toEqual([])
  expect(await runPassLater(40_000)).toEqual(['asset_gone'])
})
