import fc from 'fast-check'
import { v7 } from 'uuid'
import { describe, expect, test } from 'vitest'
import type { Store, StoreHandle } from '../../../src/store/store.ts'
import { sweep } from '../facts.ts'
import type { ReopenableStore } from '../opened-store.ts'
import { takeLease, upkeep } from '../upkeep.ts'
import { sequences } from './commands.ts'
import { sizesOf } from './compare.ts'
import { emptyModel } from './model.ts'

const LONGEST = 16
/** A store is used again, for opening one costs more than a sequence; but not for ever, for it grows. */
const SEQUENCES_A_STORE = 200
const EVER = 1_000_000

/** A sequence that never comes to these has not tested them. */
const TO_BE_SEEN = [
  'applied',
  'duplicate',
  'contradicted',
  'unknown_submission',
  'unknown_shape',
  'unknown_status',
  'other_file',
  'not_requested',
  'answer applied',
  'answer conflict',
  'account applied',
  'account duplicate',
  'account ignored',
  'evidence applied',
  'timed_out applied',
  'asset_gone applied',
  'unchanged applied',
  'claimed',
  'timed_out not applied',
  'told',
  'pruned',
  'swept',
  'folded',
  'restarted',
]

/** How often what was seen. */
type Seen = ReadonlyMap<string, number>

/** Random sequences of whatever may happen to a store, and after each step all that it tells is what a small model tells. */
export function modelContract(
  name: string,
  open: () => Promise<ReopenableStore>,
  { runs, seed, tell }: { runs: number; seed: number; tell: (seen: Seen) => void },
): void {
  describe(name, () => {
    test(`tells what the model tells, in ${runs} sequences, seed ${seed}`, {
      timeout: 60_000 + runs * 500,
    }, async () => {
      const shared = shareStore(open)
      const seen = new Map<string, number>()
      const saw = (what: string, times = 1) => seen.set(what, (seen.get(what) ?? 0) + times)
      const agree = fc.asyncProperty(sequences(LONGEST), async (sequence) => {
        const { store, reopen } = await shared.take()
        await takeLease(store)
        const world = {
          store,
          saw,
          countedBefore: sizesOf(await store.readStats(0, 1)),
          async reopen() {
            world.store = await reopen()
            await takeLease(world.store)
          },
        }
        await fc.asyncModelRun(() => ({ model: emptyModel(v7()), real: world }), sequence)
        await clear(world.store)
        shared.giveBack(world.store)
      })
      try {
        await fc.assert(agree, { numRuns: runs, seed })
      } finally {
        await shared.end()
      }
      expect(TO_BE_SEEN.filter((what) => !seen.has(what))).toEqual([])
      tell(seen)
    })
  })
}

/** Gives the same store again, unless a sequence has failed on it, and so has not given it back. */
function shareStore(open: () => Promise<ReopenableStore>) {
  let opened: ReopenableStore | undefined
  let store: StoreHandle | undefined
  let uses = 0
  return {
    async take(): Promise<ReopenableStore> {
      if (opened === undefined || store === undefined || uses % SEQUENCES_A_STORE === 0) {
        await opened?.destroy()
        opened = await open()
        store = opened.store
      }
      uses += 1
      const taken = { ...opened, store }
      store = undefined
      return taken
    },
    giveBack(latest: StoreHandle) {
      store = latest
    },
    end: async () => opened?.destroy(),
  }
}

/** Leaves nothing that is due, owed or kept, so that the next sequence finds none of it. */
async function clear(store: Store): Promise<void> {
  await sweep(store, { now: EVER })
  const due = await store.listDue(EVER, 1_000)
  const { due: owed } = await store.listDueNotifications(EVER, { perHost: 1_000, after: null })
  await Promise.all([
    ...due.map(({ run, dueAt }) => store.applyFinding(run.runId, { kind: 'timed_out' }, EVER, dueAt)),
    ...owed.map(({ notificationId }) => store.settleNotification(notificationId, { kind: 'delivered' }, 0)),
    store.recoverAbandoned(EVER, EVER),
    upkeep(store).pruneBodies(EVER, 1_000, null),
  ])
}
