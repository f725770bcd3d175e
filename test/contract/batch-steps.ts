import fc from 'fast-check'
import type { AccountEvent } from '../../src/domain/account-event.ts'
import type { AuditEntry } from '../../src/domain/audit-entry.ts'
import { TrackerError } from '../../src/domain/errors.ts'
import type { Finding } from '../../src/domain/finding.ts'
import { IDEMPOTENCY_WINDOW_MS } from '../../src/domain/idempotency.ts'
import { ID_PATTERN, numberOf } from '../../src/domain/ids.ts'
import type { NotificationResult } from '../../src/domain/notification.ts'
import type { RetryItemState } from '../../src/domain/retry.ts'
import type { FinalStatus } from '../../src/domain/run.ts'
import type { NewSubmission } from '../../src/domain/submission.ts'
import type { UploadResponse } from '../../src/domain/upload-response.ts'
import type { Store } from '../../src/store/store.ts'
import {
  BASELINE,
  EVIDENCE,
  newAccountDelivery,
  newDelivery,
  newRefused,
  newSubmission,
  refused,
  unknownIds,
} from './facts.ts'
import { anAct } from './operator-facts.ts'
import { takeLease, upkeep } from './upkeep.ts'

/** One call of the store. Those of a chunk are made at once, or one after the other. */
type BatchStep = { take: (world: World) => Promise<unknown> }
export type Chunk = readonly BatchStep[]

type World = {
  store: Store
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
}

/** One of those that are known; or an id of nothing, like that of the first of them. */
type Which = number | 'nobody'

export type StepsOfStore = {
  /** What is there before the first step. */
  begin(): Promise<void>
  take(chunk: Chunk, how: 'alone' | 'together'): Promise<unknown[]>
  /** All ids that the sequence has used. */
  ids(): { submissionIds: string[]; fileIds: string[]; retryIds: string[]; rejectedIds: string[] }
  /** Ends the items of retries, so that the next sequence finds its own. */
  end(): Promise<void>
}

/** The caller's names are counted, so that both stores are asked the same. */
export function stepsOf(store: Store, scope: string): StepsOfStore {
  const id = (one: string) => `${scope}-${one}`
  const retryIds: string[] = []
  const world: World = {
    store,
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
  }
  const takeAll = async (chunk: Chunk, how: 'alone' | 'together') => {
    if (how === 'together') return Promise.all(chunk.map((each) => outcomeOf(each.take(world))))
    const outcomes: unknown[] = []
    for (const each of chunk) outcomes.push(await outcomeOf(each.take(world)))
    return outcomes
  }
  return {
    async begin() {
      await takeLease(store)
      world.rejectedIds = await store.keepRejected([newRefused(), newRefused()])
      await store.createRetry(id(TAKEN), [], anAct())
    },
    async take(chunk, how) {
      world.waitingItemId = (await store.nextRetryItem())?.itemId ?? 0
      const outcomes = await takeAll(chunk, how)
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
    },
  }
}

/** The retry that is there from the start. */
const TAKEN = 'retry-taken'

/** The submission that a step has created: webhooks name theirs, too, beside their own id, and claims one of old. */
function submissionIdOf(outcome: unknown): string[] {
  const { result = {} } = outcome as { result?: { [name: string]: unknown } }
  const { submissionId, deliveryId, kind } = result
  return typeof submissionId === 'string' && deliveryId === undefined && kind === undefined
    ? [submissionId]
    : []
}

/** In the order of creation, those of rejected submissions among them. */
async function listNewRuns({ store, submissionIds, runIds }: World): Promise<string[]> {
  const known = new Set(runIds)
  const found = await Promise.all(submissionIds.map((id) => store.findSubmission(id)))
  const present = found.flatMap((one) => one?.runs ?? []).map(({ runId }) => runId)
  return present.filter((runId) => !known.has(runId)).toSorted((one, two) => numberOf(one) - numberOf(two))
}

function oneOf(ids: readonly string[], which: Which): string {
  if (typeof which === 'number') return ids[which] ?? 'nowhere'
  const [first] = ids
  return (first && unknownIds(first)[2]) ?? 'nowhere'
}

const submissionOfWhich = ({ submissionIds }: World, which: Which) => oneOf(submissionIds, which)
const runOfWhich = ({ runIds }: World, which: Which) => oneOf(runIds, which)

async function outcomeOf(asked: Promise<unknown>): Promise<unknown> {
  try {
    return { result: await asked }
  } catch (error) {
    // An id that is not found may be of no row, and then has no place in the order of creation.
    if (error instanceof TrackerError)
      return { error: error.code, message: error.message.replaceAll(ID_PATTERN, 'its id') }
    // Each database says it in its own words.
    const { message } = error as Error
    return { error: /unique/i.test(message) ? 'the id is taken' : message }
  }
}

// Few of each, so that steps collide.
const submission = fc.oneof(fc.constantFrom<Which>(0, 1), fc.constantFrom<Which>(0, 1, 2, 3, 'nobody'))
const FILES = ['file-A', 'file-B'] as const
const fileId = fc.constantFrom('file-A', ...FILES)
const run: fc.Arbitrary<Which> = fc.oneof(
  { arbitrary: fc.nat({ max: 3 }), weight: 6 },
  { arbitrary: fc.nat({ max: 11 }), weight: 6 },
  { arbitrary: fc.constant('nobody' as const), weight: 1 },
)
const requestId = fc.option(fc.constantFrom('request-1', 'request-1', 'request-2'), { freq: 3 })
const eventId = fc.option(fc.constantFrom('event-1', 'event-2'), { freq: 3 })
const scope = fc.constantFrom('key-1', 'key-2')
const name = fc.constantFrom('remove-bg', 'remove-bg', 'ai-tasks', 'google-auto-tagging', 'saved-extension')
const finalStatus = fc.constantFrom<FinalStatus>('success', 'failed')
const time = fc.integer({ min: 1, max: 20 })
const error = fc.constantFrom(null, { code: 'E1' }, { code: 'E2' })
const seldom = <T>(usual: fc.Arbitrary<T>) => fc.option(usual, { freq: 11 })

function step<T>(
  told: string,
  facts: fc.Arbitrary<T>,
  take: (world: World, facts: T) => Promise<unknown>,
): fc.Arbitrary<BatchStep> {
  return facts.map((one) => ({
    take: (world) => take(world, one),
    [fc.toStringMethod]: () => `\n  ${told} ${fc.stringify(one)}`,
  }))
}

const asked = fc
  .record({
    kind: fc.constantFrom('upload', 'update', 'external'),
    names: fc.array(name, { maxLength: 3 }),
    file: fileId,
    isNotified: fc.boolean(),
    at: time,
  })
  .map(({ kind, names, file, isNotified, at }): Partial<NewSubmission> & { names: string[] } => ({
    names,
    kind,
    fileId: kind === 'upload' ? null : file,
    callerWebhookUrl: isNotified ? 'https://caller.example/hook' : null,
    at,
  }))

function submissionOf(world: World, { names, ...facts }: Partial<NewSubmission> & { names: string[] }) {
  const { fileId: file = null } = facts
  return newSubmission(names, { ...facts, fileId: file && world.id(file) })
}

const create = step('create', fc.record({ asked, key: fc.option(scope) }), (world, { asked: facts, key }) =>
  world.store.createSubmission(
    submissionOf(world, facts),
    key === null ? undefined : { scope: world.id(key), fingerprint: 'abc' },
  ),
)

const extensionStatus = fc.dictionary(
  name,
  fc.constantFrom<'pending' | FinalStatus>('pending', 'success', 'failed'),
  { maxKeys: 3 },
)

const acceptance = fc
  .record({ file: fc.option(fileId, { freq: 2 }), requestId, extensionStatus, hasBaseline: fc.boolean() })
  .map(({ file, hasBaseline, ...facts }): UploadResponse & { kind: 'accepted' } => ({
    ...facts,
    kind: 'accepted',
    fileId: file,
    fileName: null,
    baseline: hasBaseline && file !== null ? BASELINE : null,
  }))

const failure = <K extends 'rejected' | 'unconfirmed'>(kind: K) =>
  requestId.map((id) => ({ ...refused(kind), kind, requestId: id }) as UploadResponse & { kind: K })

function scoped<R extends UploadResponse>({ id }: World, response: R): R {
  const requestIdOf = response.requestId && id(response.requestId)
  if (response.kind !== 'accepted') return { ...response, requestId: requestIdOf }
  return { ...response, requestId: requestIdOf, fileId: response.fileId && id(response.fileId) }
}

const respond = step(
  'respond',
  fc.record({
    submission,
    response: fc.oneof(
      { arbitrary: acceptance, weight: 3 },
      { arbitrary: failure('rejected'), weight: 1 },
      { arbitrary: failure('unconfirmed'), weight: 1 },
    ),
    at: time,
    key: fc.option(scope),
  }),
  (world, { submission: of, response, at, key }) => {
    const answer = { status: 200, headers: {}, body: '{}' }
    const kept = key === null ? undefined : { scope: world.id(key), answer }
    return world.store.applyResponse(submissionOfWhich(world, of), scoped(world, response), at, kept)
  },
)

const REPLAYED: readonly Which[] = [0, 1, 'nobody']

const webhook = (service: fc.Arbitrary<string | null>) =>
  step(
    'webhook',
    fc.record({
      submission,
      word: fc.record({ service, status: seldom(finalStatus), fileId: fc.option(fileId), error }),
      receivedAt: time,
      replayed: fc.nat({ max: 19 }).map((number) => REPLAYED[number] ?? null),
    }),
    (world, { submission: of, word, receivedAt, replayed }) => {
      const { store, id, rejectedIds } = world
      const said = {
        ...word,
        fileId: word.fileId && id(word.fileId),
        error: word.status === 'failed' ? word.error : null,
      }
      const replay = replayed === null ? {} : { replayOf: oneOf(rejectedIds, replayed) }
      return store.recordDelivery(newDelivery(submissionOfWhich(world, of), said, { receivedAt, ...replay }))
    },
  )

const finished = fc
  .record({ requestId: fc.constantFrom('request-1', 'request-1', 'request-2'), eventId })
  .chain(({ requestId: id, eventId: event }) =>
    fc.oneof(acceptance, failure('rejected')).map(
      (answer): AccountEvent => ({
        kind: 'upload_finished',
        eventId: event,
        type: 'upload.post-transform',
        requestId: id,
        answer: { ...answer, requestId: id },
      }),
    ),
  )
const changed = fc
  .record({ fileId, eventId })
  .map((facts): AccountEvent => ({ kind: 'asset', type: 'file.updated', ...facts }))
const other = eventId.map((id): AccountEvent => ({ kind: 'other', type: null, eventId: id }))

const account = (events: fc.Arbitrary<AccountEvent>) =>
  step('account webhook', fc.record({ event: events, receivedAt: time }), (world, { event, receivedAt }) => {
    const delivery = newAccountDelivery(scopedEvent(world, event), receivedAt)
    return world.store.recordAccountDelivery(delivery)
  })

function scopedEvent(world: World, event: AccountEvent): AccountEvent {
  const { id } = world
  const own = event.eventId && id(event.eventId)
  switch (event.kind) {
    case 'asset':
      return { ...event, eventId: own, fileId: id(event.fileId) }
    case 'upload_finished':
      return { ...event, eventId: own, requestId: id(event.requestId), answer: scoped(world, event.answer) }
    case 'other':
      return { ...event, eventId: own }
  }
}

const finding = step(
  'finding',
  fc.record({
    run,
    finding: fc.oneof(
      fc.constantFrom<Finding>(EVIDENCE, { kind: 'timed_out' }, { kind: 'asset_gone' }),
      fc.option(time).map((dueAt): Finding => ({ kind: 'unchanged', dueAt })),
    ),
    at: time,
    // Often that of the run: few times are used.
    claim: time,
  }),
  (world, { run: of, finding: found, at, claim: held }) =>
    world.store.applyFinding(runOfWhich(world, of), found, at, held),
)

const release = step(
  'release runs',
  fc.record({ runs: fc.array(fc.record({ run, dueAt: time }), { maxLength: 3 }), claim: time }),
  (world, { runs, claim: held }) => {
    const released = runs.map(({ run: of, dueAt }) => ({ runId: runOfWhich(world, of), dueAt }))
    return world.store.releaseRuns(released, held)
  },
)

const notified = step(
  'notified',
  fc.record({
    run,
    result: fc.constantFrom<NotificationResult>(
      { kind: 'delivered' },
      { kind: 'gone', reason: 'status_410' },
      { kind: 'again', at: 15, reason: 'status_500' },
    ),
    claim: time,
  }),
  (world, { run: of, result, claim: held }) =>
    world.store.settleNotification(`msg_${runOfWhich(world, of)}`, result, held),
)

const notifying = step(
  'notifying',
  fc.record({ run, dueAt: time, until: time, isReleased: fc.boolean() }),
  async (world, { run: of, dueAt, until, isReleased }) => {
    const notificationId = `msg_${runOfWhich(world, of)}`
    const claimed = world.store.claimNotification(notificationId, dueAt, until)
    if (isReleased) await world.store.releaseNotification(notificationId, until, dueAt)
    return claimed
  },
)

const act: fc.Arbitrary<AuditEntry> = fc
  .record({ at: time, reason: fc.constantFrom('a', 'b') })
  .map((facts) => anAct(facts))

const listOf = (world: World, runs: readonly Which[]) => runs.map((of) => runOfWhich(world, of))

const acknowledge = step(
  'acknowledge',
  fc.record({ runs: fc.array(run, { maxLength: 3 }), act }),
  (world, { runs, act: done }) => world.store.acknowledgeRuns(listOf(world, runs), done),
)

const retryMany = step(
  'retry many',
  fc.record({ runs: fc.array(run, { maxLength: 3 }), act }),
  (world, { runs, act: done }) => world.store.createRetry(world.newRetryId(), listOf(world, runs), done),
)

const retry = (of: fc.Arbitrary<Which>) =>
  step(
    'retry',
    fc.record({
      run: of,
      asked,
      origin: fc.oneof(fc.record({ act }), fc.constant('waiting item' as const)),
    }),
    (world, { run: retried, asked: facts, origin }) => {
      const done = origin === 'waiting item' ? { itemId: world.waitingItemId } : origin
      return world.store.submitRetry(runOfWhich(world, retried), submissionOf(world, facts), done)
    },
  )

const withdraw = step('withdraw', fc.record({ run, at: time }), (world, { run: of, at }) =>
  world.store.withdrawRetry(runOfWhich(world, of), at),
)

const endItem = step(
  'end item',
  fc.constantFrom<RetryItemState>('waiting', 'accepted', 'failed'),
  ({ store, waitingItemId }, state) =>
    store.endRetryItem(waitingItemId, state, state === 'failed' ? 'no' : null),
)

/** An expired claim is deleted by the next claim of any key. When it goes is not seen as long as the clock goes on. */
const claimedAt = (days: number) => time.map((at) => days * IDEMPOTENCY_WINDOW_MS + at)
const claim = (at: fc.Arbitrary<number>) =>
  step('claim', fc.record({ scope, at }), ({ store, id }, { scope: of, at: when }) =>
    store.claimIdempotencyKey(id(of), when),
  )
const releaseKey = step('release key', scope, ({ store, id }, of) => store.releaseIdempotencyKey(id(of)))

const sweep = step(
  'sweep',
  fc.record({ now: fc.integer({ min: 1, max: 40 }), overdueAfterMs: fc.constantFrom(0, 0, 3, 10) }),
  ({ store }, { now, overdueAfterMs }) => upkeep(store).sweepOverdue(now, overdueAfterMs),
)

/** Whether there is more to add up depends on how many batches there were. */
const fold = step('fold', fc.constant(null), async ({ store }) => void (await upkeep(store).foldCounters()))

const prune = step('prune', time, ({ store }, before) => upkeep(store).pruneBodies(before, 3, null))

/** Its id is taken, which the database notices: the whole batch is decided again, and takes other ids. */
const retryAgain = step(
  'retry many, under an id that is taken',
  fc.record({ runs: fc.array(run, { maxLength: 3 }), act }),
  (world, { runs, act: done }) => world.store.createRetry(world.id(TAKEN), listOf(world, runs), done),
)

const steps = fc.oneof(
  { arbitrary: webhook(seldom(name)), weight: 8 },
  { arbitrary: respond, weight: 6 },
  { arbitrary: account(finished), weight: 3 },
  { arbitrary: account(fc.oneof(changed, changed, other)), weight: 2 },
  { arbitrary: create, weight: 2 },
  { arbitrary: finding, weight: 4 },
  { arbitrary: release, weight: 1 },
  { arbitrary: sweep, weight: 2 },
  { arbitrary: fold, weight: 1 },
  { arbitrary: notified, weight: 1 },
  { arbitrary: notifying, weight: 1 },
  { arbitrary: acknowledge, weight: 1 },
  { arbitrary: retryMany, weight: 1 },
  { arbitrary: retry(run), weight: 2 },
  { arbitrary: withdraw, weight: 1 },
  { arbitrary: endItem, weight: 1 },
  { arbitrary: claim(claimedAt(0)), weight: 2 },
  { arbitrary: releaseKey, weight: 1 },
  { arbitrary: prune, weight: 1 },
)

/** Alone: what they find depends on what is in the database when they begin. */
const aloneSteps = fc.oneof(
  step('forget', fc.record({ fileId, act }), ({ store, id }, { fileId: of, act: done }) =>
    store.forgetAsset(id(of), done),
  ),
  step('recover', time, ({ store }, at) => store.recoverAbandoned(at, at)),
  claim(claimedAt(2)),
)

const chunk = fc.array(steps, { minLength: 1, maxLength: 8, size: 'max' })
/** Operators retry the same runs at once. */
const retryingChunk = fc
  .tuple(fc.array(steps, { maxLength: 2 }), fc.constantFrom<Which>(0, 1))
  .chain(([before, of]) =>
    fc
      .array(retry(fc.constant(of)), { minLength: 2, maxLength: 3 })
      .map((retries): Chunk => [...before, ...retries]),
  )
const failingChunk = fc
  .tuple(fc.array(steps, { maxLength: 3 }), retryAgain, fc.array(steps, { maxLength: 3 }))
  .map(([before, again, after]) => [...before, again, ...after])

/** Chunks of steps, after some submissions that they can be about. */
export const batchSequences: fc.Arbitrary<Chunk[]> = fc
  .tuple(
    fc.array(create, { minLength: 1, maxLength: 3 }),
    fc.array(
      fc.oneof(
        { arbitrary: chunk, weight: 10 },
        { arbitrary: retryingChunk, weight: 2 },
        { arbitrary: failingChunk, weight: 1 },
        { arbitrary: aloneSteps.map((one) => [one]), weight: 1 },
      ),
      { minLength: 1, maxLength: 6, size: 'max' },
    ),
  )
  .map(([beginning, chunks]) => [beginning, ...chunks])
