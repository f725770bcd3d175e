import fc from 'fast-check'
import type { Lease } from '../../../src/domain/decide/lease.ts'
import { TrackerError } from '../../../src/domain/errors.ts'
import { ID_PATTERN, numberOf } from '../../../src/domain/ids.ts'
import { type DueNotification, notificationIdOf } from '../../../src/domain/notification.ts'
import type { StoreHandle } from '../../../src/store/store.ts'
import { anAuditEntry, newRejected, unknownIds } from '../builders.ts'

/** One call of the store. The calls of a chunk are made at the same time, or one after another. */
type BatchStep = {
  description: string
  /** The call reads from the database before it queues its write. */
  readsFirst: boolean
  perform: (context: StepContext) => Promise<unknown>
}
export type Chunk = readonly BatchStep[]

/** The state of one sequence of steps. */
export type StepContext = {
  store: StoreHandle
  /** If false, this process writes no heartbeat, so `recoverAbandoned` treats its own work as abandoned. */
  isAlive: boolean
  /** The name, made unique to this sequence. */
  id: (name: string) => string
  newRetryId: () => string
  /** The ids of the rejected deliveries that were stored before the first step. */
  rejectedIds: string[]
  /**
   * `submissionIds` and `runIds`: the ids that were committed when the chunk began, in creation order. An id is unknown before its
   * commit.
   */
  submissionIds: string[]
  runIds: string[]
  /** The first item of a retry that was waiting when the chunk began; 0 if there was none. */
  waitingItemId: number
  /** The notifications of this sequence that had not ended when the chunk began. */
  notifications: readonly DueNotification[]
  /** The last lease acquired before the chunk, even if it was released since. */
  lease: Lease
}

/**
 * The index of a known id (-1 is the newest), or `unknown` for an unknown id that resembles the first one. An index without an id
 * also stands for an unknown id.
 */
export type IdChoice = number | 'unknown'

/** Performs the steps of one sequence on a store. */
export type StepRunner = {
  /** Prepares the store before the first step. */
  begin(): Promise<void>
  perform(chunk: Chunk, how: 'alone' | 'together'): Promise<Outcome[]>
  /** The ids of the sequence's submissions, files, retries and rejected deliveries. */
  ids(): { submissionIds: string[]; fileIds: string[]; retryIds: string[]; rejectedIds: string[] }
  /**
   * Ends the waiting items of retries and claims all due runs, so that the steps of the next sequence don't find them. Resolves with
   * the claimed runs, and with the stored values that the next sequence may replace.
   */
  end(): Promise<unknown>
}

/** `scope` is the prefix that `StepContext.id` adds. It is the same in both compared stores, so both get the same calls. */
export function createStepRunner(
  store: StoreHandle,
  { scope, isAlive }: { scope: string; isAlive: boolean },
): StepRunner {
  const id = (one: string) => `${scope}-${one}`
  const retryIds: string[] = []
  const context: StepContext = {
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
  const performAll = async (chunk: Chunk, how: 'alone' | 'together') => {
    const performed: Promise<Outcome>[] = []
    for (const batchStep of chunk) {
      const outcome = outcomeOf(batchStep, context)
      performed.push(outcome)
      // The reads of a shared store may overlap, so the order in which two claims are queued would be undefined.
      if (how === 'alone' || (batchStep.readsFirst && store.isShared)) await outcome
      // Other stores read in order: once this read has returned, so has the claim's, and the claim is queued before the next step.
      else if (batchStep.readsFirst) await store.listDue(0, 0)
    }
    return Promise.all(performed)
  }
  return {
    async begin() {
      context.lease = (await store.acquireLease(1, 1_000)) ?? context.lease
      context.rejectedIds = await store.keepRejected([newRejected(), newRejected()])
      await store.createRetry(id(EXISTING_RETRY), [], anAuditEntry())
    },
    async perform(chunk, how) {
      context.waitingItemId = (await store.nextRetryItem())?.itemId ?? 0
      context.notifications = await listNotifications(context)
      const outcomes = await performAll(chunk, how)
      context.lease = outcomes.flatMap(leaseIn).at(-1) ?? context.lease
      context.submissionIds.push(...outcomes.flatMap(submissionIdOf))
      context.runIds.push(...(await listNewRuns(context)))
      return outcomes
    },
    ids: () => ({
      submissionIds: context.submissionIds,
      fileIds: FILES.map(id),
      retryIds: [id(EXISTING_RETRY), ...retryIds],
      rejectedIds: context.rejectedIds,
    }),
    async end() {
      for (let item = await store.nextRetryItem(); item; item = await store.nextRetryItem())
        await store.endRetryItem(item.itemId, 'failed', null)
      return {
        due: await store.claimDue(FAR_FUTURE, { limit: UNLIMITED, until: FAR_FUTURE }),
        alerts: await store.listAlerts(),
        endedSessions: new Set(await store.listEndedSessions()),
        clockTrust: await store.findClockTrust(),
      }
    },
  }
}

/** The retry that `begin` creates. */
export const EXISTING_RETRY = 'existing-retry'

/** No run or notification is due later than this. */
const FAR_FUTURE = 1_000_000
/** A limit above the number of runs and notifications in a store. */
export const UNLIMITED = 10_000

/** The result of a step, or its error: the code and message of a `TrackerError`, or only the text of any other error. */
export type Outcome = { description: string; result?: unknown; error?: string; message?: string }

/**
 * The submission that a step created. The results of account webhooks and of key claims contain the id of an older
 * submission.
 */
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

/** The notifications of this sequence that have not ended, the first due first. */
async function listNotifications({ store, runIds }: StepContext): Promise<DueNotification[]> {
  const { due } = await store.listDueNotifications(FAR_FUTURE, { perHost: UNLIMITED, after: null })
  const own = new Set(runIds.map(notificationIdOf))
  return due.filter(({ notificationId }) => own.has(notificationId))
}

/** The ids of runs that were not known before, in creation order, including runs of rejected submissions. */
async function listNewRuns({ store, submissionIds, runIds }: StepContext): Promise<string[]> {
  const known = new Set(runIds)
  const found = await Promise.all(submissionIds.map((id) => store.findSubmission(id)))
  const present = found.flatMap((one) => one?.runs ?? []).map(({ runId }) => runId)
  return present.filter((runId) => !known.has(runId)).toSorted((one, two) => numberOf(one) - numberOf(two))
}

export function chooseId(ids: readonly string[], which: IdChoice): string {
  if (typeof which === 'number') return ids.at(which) ?? 'nowhere'
  const [first] = ids
  // The third of the unknown ids has the number of the first id, but other random bits.
  return (first && unknownIds(first)[2]) ?? 'nowhere'
}

export const chosenSubmission = ({ submissionIds }: StepContext, which: IdChoice) =>
  chooseId(submissionIds, which)
export const chosenRun = ({ runIds }: StepContext, which: IdChoice) => chooseId(runIds, which)

async function outcomeOf({ description, perform }: BatchStep, context: StepContext): Promise<Outcome> {
  try {
    return { description, result: await perform(context) }
  } catch (error) {
    // The id in the message may be one without a row, which can't be renamed by creation order.
    if (error instanceof TrackerError)
      return { description, error: error.code, message: error.message.replaceAll(ID_PATTERN, 'its id') }
    // The databases report a violated unique index with different texts.
    const { message } = error as Error
    return { description, error: /unique/i.test(message) ? 'the id exists' : message }
  }
}

// Few different files, runs and times, so that the steps of a chunk often concern the same ones.
export const FILES = ['file-A', 'file-B'] as const
export const runChoice: fc.Arbitrary<IdChoice> = fc.oneof(
  { arbitrary: fc.nat({ max: 3 }), weight: 6 },
  { arbitrary: fc.nat({ max: 11 }), weight: 6 },
  { arbitrary: fc.constant('unknown' as const), weight: 1 },
)
export const someTime = fc.integer({ min: 1, max: 20 })
/** The end of a claim of a run or notification, later than any time at which a step claims one: none expires before `end`. */
export const claimUntil = fc.constantFrom(31, 32)
/** The end of the claim that a step says it holds. It often matches the actual claim, because only few times are used. */
export const claimEnd = fc.oneof(someTime, claimUntil)

export function step<T>(
  description: string,
  facts: fc.Arbitrary<T>,
  perform: (context: StepContext, facts: T) => Promise<unknown>,
): fc.Arbitrary<BatchStep> {
  return facts.map((one) => ({
    description,
    readsFirst: false,
    perform: (context) => perform(context, one),
    [fc.toStringMethod]: () => `\n  ${description} ${fc.stringify(one)}`,
  }))
}
