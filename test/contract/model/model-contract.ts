import fc from 'fast-check'
import { v7 } from 'uuid'
import { describe, expect, test } from 'vitest'
import type { Store, StoreHandle } from '../../../src/store/store.ts'
import { AN_ATTEMPT } from '../builders.ts'
import { sweep } from '../store-calls.ts'
import type { ReopenableStore } from '../store-fixture.ts'
import { ensureLease, withLease } from '../with-lease.ts'
import { sequences } from './commands.ts'
import { countersByKey } from './compare.ts'
import { emptyModel } from './model.ts'

const MAX_COMMANDS = 16
/** A store is reused, because opening one takes longer than a sequence. The number of uses is limited, because the store grows. */
const MAX_SEQUENCES_PER_STORE = 200
const FAR_FUTURE = 1_000_000

/**
 * The test fails unless the sequences reach all of these cases, because without them it would prove little. The first eight are the
 * outcomes and causes of extension webhooks.
 */
const REQUIRED_CASES = [
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

/** The number of times that each case occurred. */
type CaseCounts = ReadonlyMap<string, number>

/**
 * Random sequences of submissions, responses, webhooks and jobs, without operators' actions. After each group of concurrent steps,
 * what `compare` reads from the store matches a small model.
 */
export function modelContract(
  name: string,
  open: () => Promise<ReopenableStore>,
  {
    sequenceCount,
    seed,
    report,
  }: { sequenceCount: number; seed: number; report: (cases: CaseCounts) => void },
): void {
  describe(name, () => {
    test(`returns what the model predicts, in ${sequenceCount} sequences, seed ${seed}`, {
      timeout: 60_000 + sequenceCount * 500,
    }, async () => {
      const shared = shareStore(open)
      const cases = new Map<string, number>()
      const countCase = (what: string, times = 1) => cases.set(what, (cases.get(what) ?? 0) + times)
      const matchesModel = fc.asyncProperty(sequences(MAX_COMMANDS), async (sequence) => {
        const { store, reopen } = await shared.acquire()
        await ensureLease(store)
        const context = {
          store,
          countCase,
          countersBefore: countersByKey(await store.readStats(0, 1)),
          async reopen() {
            context.store = await reopen()
            await ensureLease(context.store)
          },
        }
        await fc.asyncModelRun(() => ({ model: emptyModel(v7()), real: context }), sequence)
        await clear(context.store)
        shared.release(context.store)
      })
      try {
        await fc.assert(matchesModel, { numRuns: sequenceCount, seed })
      } finally {
        await shared.end()
      }
      expect(REQUIRED_CASES.filter((what) => !cases.get(what))).toEqual([])
      report(cases)
    })
  })
}

/**
 * Uses a store for at most `MAX_SEQUENCES_PER_STORE` sequences. A sequence that fails does not release its store, so the next one
 * gets a new store.
 */
function shareStore(open: () => Promise<ReopenableStore>) {
  let opened: ReopenableStore | undefined
  let store: StoreHandle | undefined
  let uses = 0
  return {
    async acquire(): Promise<ReopenableStore> {
      if (opened === undefined || store === undefined || uses % MAX_SEQUENCES_PER_STORE === 0) {
        await opened?.destroy()
        opened = await open()
        store = opened.store
      }
      uses += 1
      const acquired = { ...opened, store }
      store = undefined
      return acquired
    },
    release(latest: StoreHandle) {
      store = latest
    },
    end: async () => opened?.destroy(),
  }
}

/**
 * Expires the due runs, ends notifications, recovers submissions in progress, and prunes bodies, so that the jobs of the next
 * sequence find none of these. Submissions of this process are recovered, too, because it has never written a heartbeat.
 */
async function clear(store: Store): Promise<void> {
  await sweep(store, { now: FAR_FUTURE })
  const due = await store.listDue(FAR_FUTURE, 1_000)
  const { due: notifications } = await store.listDueNotifications(FAR_FUTURE, { perHost: 1_000, after: null })
  await Promise.all([
    ...due.map(({ run, dueAt }) => store.applyFinding(run.runId, { kind: 'timed_out' }, FAR_FUTURE, dueAt)),
    ...notifications.map(({ notificationId }) =>
      // `delivered` counts without a claim, so the claim here, 0, is none.
      store.recordNotificationResult(notificationId, { kind: 'delivered' }, 0, AN_ATTEMPT),
    ),
    store.recoverAbandoned(FAR_FUTURE, FAR_FUTURE),
    withLease(store).pruneBodies(FAR_FUTURE, 1_000, null),
  ])
}
