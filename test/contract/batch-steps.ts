import fc from 'fast-check'
import type { AccountEvent } from '../../src/domain/account-event.ts'
import type { Act } from '../../src/domain/act.ts'
import { TrackerError } from '../../src/domain/errors.ts'
import type { Finding } from '../../src/domain/finding.ts'
import { IDEMPOTENCY_WINDOW_MS } from '../../src/domain/idempotency.ts'
import type { Answer } from '../../src/domain/judge-answer.ts'
import type { NotificationResult } from '../../src/domain/notification.ts'
import type { RetryItemState } from '../../src/domain/retry.ts'
import type { FinalStatus } from '../../src/domain/run.ts'
import type { NewSubmission } from '../../src/domain/submission.ts'
import type { Store } from '../../src/store/store.ts'
import {
  BASELINE,
  EVIDENCE,
  newAccountDelivery,
  newDelivery,
  newRefused,
  newSubmission,
  refused,
} from './facts.ts'
import { anAct } from './operator-facts.ts'

/** One call of the store. Those of a chunk are made at once, or one after the other. */
type BatchStep = { take: (world: World) => Promise<unknown> }
export type Chunk = readonly BatchStep[]

type World = {
  store: Store
  /** The same name in another sequence is another id. */
  id: (name: string) => string
  newSubmissionId: () => string
  newDeliveryId: () => string
  /** The item of a retry that was waiting first when the chunk began: nobody knows an id before its commit. */
  waitingItemId: number
}

export type StepsOfStore = {
  /** What is there before the first step. */
  begin(): Promise<void>
  take(chunk: Chunk, how: 'alone' | 'together'): Promise<unknown[]>
  /** Ends the items of retries, so that the next sequence finds its own. */
  end(): Promise<void>
}

const REJECTED = ['rejected-1', 'rejected-2'] as const

/** Ids are counted, so that both stores are asked the same. */
export function stepsOf(store: Store, scope: string): StepsOfStore {
  const id = (one: string) => `${scope}-${one}`
  const world: World = {
    store,
    id,
    newSubmissionId: counted(id('s')),
    newDeliveryId: counted(id('delivery-')),
    waitingItemId: 0,
  }
  return {
    begin: () => store.keepRefused(REJECTED.map((deliveryId) => newRefused({ deliveryId: id(deliveryId) }))),
    async take(chunk, how) {
      world.waitingItemId = (await store.nextRetryItem())?.itemId ?? 0
      if (how === 'together') return Promise.all(chunk.map((each) => outcomeOf(each.take(world))))
      const outcomes: unknown[] = []
      for (const each of chunk) outcomes.push(await outcomeOf(each.take(world)))
      return outcomes
    },
    async end() {
      for (let item = await store.nextRetryItem(); item; item = await store.nextRetryItem())
        await store.endRetryItem(item.itemId, 'failed', null)
    },
  }
}

/** All ids that a sequence may have used. */
export function idsOf(scope: string) {
  const id = (one: string) => `${scope}-${one}`
  const numbers = Array.from({ length: 60 }, (_, index) => index)
  return {
    submissionIds: numbers.map((number) => id(`s${number}`)),
    fileIds: FILES.map(id),
    retryIds: numbers.map((number) => `retry-${id(`delivery-${number}`)}`),
    rejectedIds: REJECTED.map(id),
  }
}

function counted(prefix: string): () => string {
  let count = 0
  return () => `${prefix}${count++}`
}

async function outcomeOf(asked: Promise<unknown>): Promise<unknown> {
  try {
    return { result: await asked }
  } catch (error) {
    if (error instanceof TrackerError) return { error: error.code, message: error.message }
    // Whether the batch or the database notices that an id is taken, it is the same failure.
    const { message } = error as Error
    return { error: /UNIQUE|is there already/.test(message) ? 'the id is taken' : message }
  }
}

// Few of each, so that steps collide.
const submissionId = fc.oneof(fc.constantFrom('s0', 's1'), fc.constantFrom('s0', 's1', 's2', 's3', 'nobody'))
const FILES = ['file-A', 'file-B'] as const
const fileId = fc.constantFrom('file-A', ...FILES)
const runId = fc.oneof(
  fc.integer({ min: 1, max: 4 }).map((number) => `run-${number}`),
  fc.integer({ min: 1, max: 12 }).map((number) => `run-${number}`),
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
    dueAt: time,
  })
  .map(({ kind, names, file, isNotified, at, dueAt }): Partial<NewSubmission> & { names: string[] } => ({
    names,
    kind,
    fileId: kind === 'upload' ? null : file,
    callerWebhookUrl: isNotified ? 'https://caller.example/hook' : null,
    at,
    dueAt,
  }))

function submissionOf(world: World, { names, ...facts }: Partial<NewSubmission> & { names: string[] }) {
  const { fileId: file = null } = facts
  const submissionId = world.newSubmissionId()
  return newSubmission(names, { ...facts, submissionId, fileId: file && world.id(file) })
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
  .map(({ file, hasBaseline, ...facts }): Answer & { kind: 'accepted' } => ({
    ...facts,
    kind: 'accepted',
    fileId: file,
    fileName: null,
    baseline: hasBaseline && file !== null ? BASELINE : null,
  }))

const failure = <K extends 'rejected' | 'unconfirmed'>(kind: K) =>
  requestId.map((id) => ({ ...refused(kind), kind, requestId: id }) as Answer & { kind: K })

function scoped<R extends Answer>({ id }: World, response: R): R {
  const requestIdOf = response.requestId && id(response.requestId)
  if (response.kind !== 'accepted') return { ...response, requestId: requestIdOf }
  return { ...response, requestId: requestIdOf, fileId: response.fileId && id(response.fileId) }
}

const respond = step(
  'respond',
  fc.record({
    submissionId,
    response: fc.oneof(
      { arbitrary: acceptance, weight: 3 },
      { arbitrary: failure('rejected'), weight: 1 },
      { arbitrary: failure('unconfirmed'), weight: 1 },
    ),
    at: time,
    key: fc.option(scope),
  }),
  (world, { submissionId: of, response, at, key }) => {
    const answer = { status: 200, headers: {}, body: '{}' }
    const kept = key === null ? undefined : { scope: world.id(key), answer }
    return world.store.answerSubmission(world.id(of), scoped(world, response), at, kept)
  },
)

const webhook = (service: fc.Arbitrary<string | null>) =>
  step(
    'webhook',
    fc.record({
      submissionId,
      word: fc.record({ service, status: seldom(finalStatus), fileId: fc.option(fileId), error }),
      receivedAt: time,
      replayed: fc.nat({ max: 19 }).map((number) => REJECTED[number] ?? null),
    }),
    ({ store, id, newDeliveryId }, { submissionId: of, word, receivedAt, replayed }) => {
      const said = {
        ...word,
        fileId: word.fileId && id(word.fileId),
        error: word.status === 'failed' ? word.error : null,
      }
      const deliveryId = newDeliveryId()
      const replay = replayed === null ? { deliveryId } : { deliveryId: id(replayed), isReplay: true }
      return store.recordDelivery(newDelivery(id(of), said, { receivedAt, ...replay }))
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
    return world.store.recordAccountDelivery({ ...delivery, deliveryId: world.newDeliveryId() })
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
    runId,
    finding: fc.oneof(
      fc.constantFrom<Finding>(EVIDENCE, { kind: 'no_word' }, { kind: 'asset_gone' }),
      fc.option(time).map((dueAt): Finding => ({ kind: 'nothing', dueAt })),
    ),
    at: time,
  }),
  ({ store, id }, { runId: of, finding: found, at }) => store.applyFinding(id(of), found, at),
)

const notified = step(
  'notified',
  fc.record({
    runId,
    result: fc.constantFrom<NotificationResult>(
      { kind: 'delivered' },
      { kind: 'gone', reason: 'status_410' },
      { kind: 'again', at: 15, reason: 'status_500' },
    ),
  }),
  ({ store, id }, { runId: of, result }) => store.settleNotification(`msg_${id(of)}`, result),
)

const act: fc.Arbitrary<Act> = fc
  .record({ at: time, reason: fc.constantFrom('a', 'b') })
  .map((facts) => anAct(facts))

const acknowledge = step(
  'acknowledge',
  fc.record({ runIds: fc.array(runId, { maxLength: 3 }), act }),
  ({ store, id }, { runIds, act: done }) => store.acknowledgeRuns(runIds.map(id), done),
)

const retryMany = step(
  'retry many',
  fc.record({ runIds: fc.array(runId, { maxLength: 3 }), act }),
  ({ store, id, newDeliveryId }, { runIds, act: done }) =>
    store.createRetry(`retry-${newDeliveryId()}`, runIds.map(id), done),
)

const retry = (of: fc.Arbitrary<string>) =>
  step(
    'retry',
    fc.record({
      runId: of,
      asked,
      origin: fc.oneof(fc.record({ act }), fc.constant('waiting item' as const)),
    }),
    (world, { runId: retried, asked: facts, origin }) => {
      const done = origin === 'waiting item' ? { itemId: world.waitingItemId } : origin
      return world.store.submitRetry(world.id(retried), submissionOf(world, facts), done)
    },
  )

const withdraw = step('withdraw', fc.record({ runId, at: time }), ({ store, id }, { runId: of, at }) =>
  store.withdrawRetry(id(of), at),
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
const release = step('release', scope, ({ store, id }, of) => store.releaseIdempotencyKey(id(of)))

const prune = step('prune', time, ({ store }, before) => store.pruneBodies(before, 3, null))

/** Its id is taken, unless the file of that submission was forgotten. Makes no run, and so asks for no id. */
const createAgain = step('create again', fc.constant('s0'), ({ store, id }, of) =>
  store.createSubmission(newSubmission([], { submissionId: id(of), at: 1, dueAt: 1 })),
)

const steps = fc.oneof(
  { arbitrary: webhook(seldom(name)), weight: 8 },
  { arbitrary: respond, weight: 6 },
  { arbitrary: account(finished), weight: 3 },
  { arbitrary: account(fc.oneof(changed, changed, other)), weight: 2 },
  { arbitrary: create, weight: 2 },
  { arbitrary: finding, weight: 3 },
  { arbitrary: notified, weight: 1 },
  { arbitrary: acknowledge, weight: 1 },
  { arbitrary: retryMany, weight: 1 },
  { arbitrary: retry(runId), weight: 2 },
  { arbitrary: withdraw, weight: 1 },
  { arbitrary: endItem, weight: 1 },
  { arbitrary: claim(claimedAt(0)), weight: 2 },
  { arbitrary: release, weight: 1 },
  { arbitrary: prune, weight: 1 },
)

/** A batch that can't be written is decided again, and so would ask for other ids: these steps ask for none. */
const stepsWithoutIds = fc.oneof(
  webhook(fc.constant(null)),
  account(fc.oneof(changed, other)),
  finding,
  acknowledge,
  claim(claimedAt(0)),
)

/** Alone: what they find depends on what is in the database when they begin. */
const upkeep = fc.oneof(
  step('forget', fc.record({ fileId, act }), ({ store, id }, { fileId: of, act: done }) =>
    store.forgetAsset(id(of), done),
  ),
  step('recover', time, ({ store }, at) => store.recoverAbandoned(at)),
  claim(claimedAt(2)),
)

const chunk = fc.array(steps, { minLength: 1, maxLength: 8, size: 'max' })
/** Operators retry the same runs at once. */
const retryingChunk = fc
  .tuple(fc.array(steps, { maxLength: 2 }), fc.constantFrom('run-1', 'run-2'))
  .chain(([before, of]) =>
    fc
      .array(retry(fc.constant(of)), { minLength: 2, maxLength: 3 })
      .map((retries): Chunk => [...before, ...retries]),
  )
const failingChunk = fc
  .tuple(
    fc.array(stepsWithoutIds, { maxLength: 3 }),
    createAgain,
    fc.array(stepsWithoutIds, { maxLength: 3 }),
  )
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
        { arbitrary: upkeep.map((one) => [one]), weight: 1 },
      ),
      { minLength: 1, maxLength: 6, size: 'max' },
    ),
  )
  .map(([beginning, chunks]) => [beginning, ...chunks])
