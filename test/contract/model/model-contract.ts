import fc from 'fast-check'
import { v7 } from 'uuid'
import { describe, expect, test } from 'vitest'
import type { Store, StoreHandle } from '../../../src/store/store.ts'
import { AN_ATTEMPT, sweep } from '../facts.ts'
import type { ReopenableStore } from '../opened-store.ts'
import { takeLease, upkeep } from '../upkeep.ts'
import { sequences } from './commands.ts'
import { sizesOf } from './compare.ts'
import { emptyModel } from './model.ts'

const LONGEST = 16
/** A store is reused, because opening one costs more than a sequence; but not for ever, because it grows. */
const SEQUENCES_A_STORE = 200
const EVER = 1_000_000

/** If no sequence reaches these cases, the test is worthless. */
const TO_BE_SEEN = [
  'applied',
  'duplicate',
  'contradicted',
  'unknown_submission',
  'unknown_shape',
  'unknown_status',
  'other_file',
  'not_requested',
  'response applied',
  'response conflict',
  'account applied',
  'account duplicate',
  'account ignored',
  'evidence applied',
  'timed_out applied',
  'asset_gone applied',
  'unchanged applied',
  'claimed',
  'timed_out not applied',
  'notified',
  'pruned',
  'swept',
  'folded',
  'restarted',
]

/** The number of times each case was seen. */
type Seen = ReadonlyMap<string, number>

/** Random sequences of everything that may happen to a store; after each step, all reads match a small model. */
export function modelContract(
  name: string,
  open: () => Promise<ReopenableStore>,
  { runs, seed, report }: { runs: number; seed: number; report: (seen: Seen) => void },
): void {
  describe(name, () => {
    test(`returns what the model predicts, in ${runs} sequences, seed ${seed}`, {
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
      report(seen)
    })
  })
}

/** Reuses the store unless a sequence has failed on it, and so has not returned it. */
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

/** Settles or prunes everything, so that the next sequence does not find it. */
async function clear(store: Store): Promise<void> {
  await sweep(store, { now: EVER })
  const due = await store.listDue(EVER, 1_000)
  const { due: notifications } = await store.listDueNotifications(EVER, { perHost: 1_000, after: null })
  await Promise.all([
    ...due.map(({ run, dueAt }) => store.applyFinding(run.runId, { kind: 'timed_out' }, EVER, dueAt)),
    ...notifications.map(({ notificationId }) =>
      store.settleNotification(notificationId, { kind: 'delivered' }, 0, AN_ATTEMPT),
    ),
    store.recoverAbandoned(EVER, EVER),
    upkeep(store).pruneBodies(EVER, 1_000, null),
  ])
}
