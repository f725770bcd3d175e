import fc from 'fast-check'
import { TrackerError } from '../../src/domain/errors.ts'
import { ID_PATTERN, numberOf } from '../../src/domain/ids.ts'
import type { Lease } from '../../src/domain/lease.ts'
import { type DueNotification, notificationIdOf } from '../../src/domain/notification.ts'
import type { StoreHandle } from '../../src/store/store.ts'
import { newRefused, unknownIds } from './facts.ts'
import { anAct } from './operator-facts.ts'

/**
 * One call of the store. Those of a chunk are made at once, or one after the other. `isReadFirst`: the call reads before it is
 * queued.
 */
type BatchStep = { told: string; isReadFirst: boolean; take: (world: World) => Promise<unknown> }
export type Chunk = readonly BatchStep[]

export type World = {
  store: StoreHandle
  /** Without a heartbeat, its own work counts as left unfinished. */
  isAlive: boolean
  /** The same name in another sequence is another name. */
  id: (name: string) => string
  newRetryId: () => string
  /** What `keepRejected` has returned. */
  rejectedIds: string[]
  /** What was committed when the chunk began, in the order of creation: nobody knows an id before its commit. */
  submissionIds: string[]
  runIds: string[]
  /** The item of a retry that was waiting first then. */
  waitingItemId: number
  /** The notifications that had not ended then. */
  notifications: readonly DueNotification[]
  /** The lease as it was acquired last then, whether or not it was released since. */
  lease: Lease
}

/** One of those that are known, the newest of them is -1; or an id of nothing, like that of the first of them. */
export type Which = number | 'nobody'

export type StepsOfStore = {
  /** What is there before the first step. */
  begin(): Promise<void>
  take(chunk: Chunk, how: 'alone' | 'together'): Promise<Outcome[]>
  /** All ids that the sequence has used. */
  ids(): { submissionIds: string[]; fileIds: string[]; retryIds: string[]; rejectedIds: string[] }
  /**
   * Ends the items of retries and claims all runs, so that the next sequence finds its own. Resolves with what is changed by that,
   * and with what the next sequence may replace.
   */
  end(): Promise<unknown>
}

/** The caller's names are counted, so that both stores are asked the same. */
export function stepsOf(
  store: StoreHandle,
  { scope, isAlive }: { scope: string; isAlive: boolean },
): StepsOfStore {
  const id = (one: string) => `${scope}-${one}`
  const retryIds: string[] = []
  const world: World = {
    store,
    isAlive,
    id,
    newRetryId() {
      const retryId = id(`retry-${retryIds.length}`)
      retryIds.push(retryId)
      return retryId
    },
    rejectedIds: [],
    submissionIds: [],
    runIds: [],
    waitingItemId: 0,
    notifications: [],
    lease: { epoch: 0 },
  }
  const takeAll = async (chunk: Chunk, how: 'alone' | 'together') => {
    const taken: Promise<Outcome>[] = []
    for (const each of chunk) {
      const outcome = outcomeOf(each, world)
      taken.push(outcome)
      // Where reads overlap, nothing says which of two claims is queued first.
      if (how === 'alone' || (each.isReadFirst && store.isShared)) await outcome
      // Once a later read has come back, its own has, too, and it is queued before the next step.
      else if (each.isReadFirst) await store.listDue(0, 0)
    }
    return Promise.all(taken)
  }
  return {
    async begin() {
      world.lease = (await store.acquireLease(1, 1_000)) ?? world.lease
      world.rejectedIds = await store.keepRejected([newRefused(), newRefused()])
      await store.createRetry(id(TAKEN), [], anAct())
    },
    async take(chunk, how) {
      world.waitingItemId = (await store.nextRetryItem())?.itemId ?? 0
      world.notifications = await listNotifications(world)
      const outcomes = await takeAll(chunk, how)
      world.lease = outcomes.flatMap(leaseIn).at(-1) ?? world.lease
      world.submissionIds.push(...outcomes.flatMap(submissionIdOf))
      world.runIds.push(...(await listNewRuns(world)))
      return outcomes
    },
    ids: () => ({
      submissionIds: world.submissionIds,
      fileIds: FILES.map(id),
      retryIds: [id(TAKEN), ...retryIds],
      rejectedIds: world.rejectedIds,
    }),
    async end() {
      for (let item = await store.nextRetryItem(); item; item = await store.nextRetryItem())
        await store.endRetryItem(item.itemId, 'failed', null)
      return {
        due: await store.claimDue(EVER, { limit: EVERY, until: EVER }),
        alerts: await store.listAlerts(),
        endedSessions: new Set(await store.listEndedSessions()),
        clockTrust: await store.findClockTrust(),
      }
    },
  }
}

/** The retry that is there from the start. */
export const TAKEN = 'retry-taken'

/** Later than any step. */
const EVER = 1_000_000
export const EVERY = 10_000

/** What became of a step: its result, or its error. */
export type Outcome = { told: string; result?: unknown; error?: string; message?: string }

/** The submission that a step has created: webhooks name theirs, too, beside their own id, and claims one of old. */
function submissionIdOf({ result }: Outcome): string[] {
  const { submissionId, deliveryId, kind } = propertiesOf(result)
  return typeof submissionId === 'string' && deliveryId === undefined && kind === undefined
    ? [submissionId]
    : []
}

function leaseIn({ result }: Outcome): Lease[] {
  const { epoch } = propertiesOf(result)
  return typeof epoch === 'number' ? [{ epoch }] : []
}

function propertiesOf(result: unknown): { [name: string]: unknown } {
  return typeof result === 'object' && result !== null ? { ...result } : {}
}

/** Those of this sequence that have not ended, the first due first. */
async function listNotifications({ store, runIds }: World): Promise<DueNotification[]> {
  const { due } = await store.listDueNotifications(EVER, { perHost: EVERY, after: null })
  const own = new Set(runIds.map(notificationIdOf))
  return due.filter(({ notificationId }) => own.has(notificationId))
}

/** In the order of creation, those of rejected submissions among them. */
async function listNewRuns({ store, submissionIds, runIds }: World): Promise<string[]> {
  const known = new Set(runIds)
  const found = await Promise.all(submissionIds.map((id) => store.findSubmission(id)))
  const present = found.flatMap((one) => one?.runs ?? []).map(({ runId }) => runId)
  return present.filter((runId) => !known.has(runId)).toSorted((one, two) => numberOf(one) - numberOf(two))
}

export function oneOf(ids: readonly string[], which: Which): string {
  if (typeof which === 'number') return ids.at(which) ?? 'nowhere'
  const [first] = ids
  return (first && unknownIds(first)[2]) ?? 'nowhere'
}

export const submissionOfWhich = ({ submissionIds }: World, which: Which) => oneOf(submissionIds, which)
export const runOfWhich = ({ runIds }: World, which: Which) => oneOf(runIds, which)

async function outcomeOf({ told, take }: BatchStep, world: World): Promise<Outcome> {
  try {
    return { told, result: await take(world) }
  } catch (error) {
    // An id that is not found may be of no row, and then has no place in the order of creation.
    if (error instanceof TrackerError)
      return { told, error: error.code, message: error.message.replaceAll(ID_PATTERN, 'its id') }
    // Each database says it in its own words.
    const { message } = error as Error
    return { told, error: /unique/i.test(message) ? 'the id is taken' : message }
  }
}

// Few of each, so that steps collide.
export const FILES = ['file-A', 'file-B'] as const
export const run: fc.Arbitrary<Which> = fc.oneof(
  { arbitrary: fc.nat({ max: 3 }), weight: 6 },
  { arbitrary: fc.nat({ max: 11 }), weight: 6 },
  { arbitrary: fc.constant('nobody' as const), weight: 1 },
)
export const time = fc.integer({ min: 1, max: 20 })
/** Until when something is claimed: it is due no more in this sequence, unless it is released. */
export const until = fc.constantFrom(31, 32)
/** What is released, or has a result, may have been claimed, or have become due otherwise. Often that is so: few times are used. */
export const claimed = fc.oneof(time, until)

export function step<T>(
  told: string,
  facts: fc.Arbitrary<T>,
  take: (world: World, facts: T) => Promise<unknown>,
): fc.Arbitrary<BatchStep> {
  return facts.map((one) => ({
    told,
    isReadFirst: false,
    take: (world) => take(world, one),
    [fc.toStringMethod]: () => `\n  ${told} ${fc.stringify(one)}`,
  }))
}
