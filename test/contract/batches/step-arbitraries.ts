import fc from 'fast-check'
import type { AccountEvent } from '../../../src/domain/account-event.ts'
import type { AuditEntry } from '../../../src/domain/audit-entry.ts'
import { IDEMPOTENCY_WINDOW_MS } from '../../../src/domain/idempotency.ts'
import type { RetryItemState } from '../../../src/domain/retry.ts'
import type { FinalStatus } from '../../../src/domain/run.ts'
import type { NewSubmission } from '../../../src/domain/submission.ts'
import type { UploadResponse } from '../../../src/domain/upload-response.ts'
import {
  anAuditEntry,
  BASELINE,
  EVIDENCE,
  newAccountDelivery,
  newDelivery,
  newSubmission,
  unaccepted,
} from '../builders.ts'
import {
  claimRuns,
  extend,
  finding,
  fold,
  jobSteps,
  notificationSteps,
  prune,
  release,
  someFinding,
  someSweep,
  sweepAll,
} from './job-step-arbitraries.ts'
import {
  type Chunk,
  chooseId,
  chosenRun,
  chosenSubmission,
  EXISTING_RETRY,
  FILES,
  type IdChoice,
  runChoice,
  type StepContext,
  someTime,
  step,
  UNLIMITED,
} from './step-runner.ts'

// A small number of each, so that steps collide.
const submission = fc.oneof(fc.constantFrom<IdChoice>(0, 1), fc.constantFrom<IdChoice>(0, 1, 2, 3, 'unknown'))
const fileId = fc.constantFrom('file-A', ...FILES)
const requestId = fc.option(fc.constantFrom('request-1', 'request-1', 'request-2'), { freq: 3 })
const eventId = fc.option(fc.constantFrom('event-1', 'event-2'), { freq: 3 })
const keyClaim = fc.record({
  scope: fc.constantFrom('key-1', 'key-2'),
  nonce: fc.constantFrom('one', 'one', 'one', 'other'),
})
const name = fc.constantFrom('remove-bg', 'remove-bg', 'ai-tasks', 'google-auto-tagging', 'saved-extension')
const finalStatus = fc.constantFrom<FinalStatus>('success', 'failed')
const error = fc.constantFrom(null, { code: 'E1' }, { code: 'E2' })
const rarelyNull = <T>(usual: fc.Arbitrary<T>) => fc.option(usual, { freq: 11 })

/** The request of a submission. */
type RequestFacts = Partial<NewSubmission> & { names: string[] }

const CALLER = 'https://caller.example/hook'

const request = fc
  .record({
    kind: fc.constantFrom('upload', 'update', 'external'),
    names: fc.array(name, { maxLength: 3 }),
    file: fileId,
    notifiesCaller: fc.boolean(),
    at: someTime,
  })
  .map(
    ({ kind, names, file, notifiesCaller, at }): RequestFacts => ({
      names,
      kind,
      fileId: kind === 'upload' ? null : file,
      callerWebhookUrl: notifiesCaller ? CALLER : null,
      at,
    }),
  )

function submissionOf(context: StepContext, { names, ...facts }: RequestFacts) {
  const { fileId: file = null } = facts
  return newSubmission(names, { ...facts, fileId: file && context.id(file) })
}

/** Mostly null, because creating a submission under a key that this request has not claimed is an error. */
const maybeKey = fc.oneof({ arbitrary: fc.constant(null), weight: 2 }, { arbitrary: keyClaim, weight: 1 })

const create = (of: fc.Arbitrary<RequestFacts>) =>
  step('create', fc.record({ request: of, key: maybeKey }), (context, { request: facts, key }) =>
    context.store.createSubmission(
      submissionOf(context, facts),
      key === null ? undefined : { ...key, scope: context.id(key.scope), fingerprint: 'abc' },
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
  requestId.map((id) => ({ ...unaccepted(kind), kind, requestId: id }) as UploadResponse & { kind: K })

function scoped<R extends UploadResponse>({ id }: StepContext, response: R): R {
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
    at: someTime,
    key: fc.option(keyClaim),
  }),
  (context, { submission: of, response, at, key }) => {
    const keyWithResponse =
      key === null
        ? undefined
        : { ...key, scope: context.id(key.scope), response: { status: 200, headers: {}, body: '{}' } }
    return context.store.applyResponse(
      chosenSubmission(context, of),
      scoped(context, response),
      at,
      keyWithResponse,
    )
  },
)

/** What about three in twenty webhooks replay: the first or second rejected delivery, or an unknown one. The others replay none. */
const REPLAYED: readonly IdChoice[] = [0, 1, 'unknown']

const webhook = (service: fc.Arbitrary<string | null>) =>
  step(
    'webhook',
    fc.record({
      submission,
      result: fc.record({ service, status: rarelyNull(finalStatus), fileId: fc.option(fileId), error }),
      receivedAt: someTime,
      replayed: fc.nat({ max: 19 }).map((number) => REPLAYED[number] ?? null),
    }),
    (context, { submission: of, result, receivedAt, replayed }) => {
      const { store, id, rejectedIds } = context
      const reported = {
        ...result,
        fileId: result.fileId && id(result.fileId),
        error: result.status === 'failed' ? result.error : null,
      }
      const replay = replayed === null ? {} : { replayOf: chooseId(rejectedIds, replayed) }
      return store.recordDelivery(
        newDelivery(chosenSubmission(context, of), reported, { receivedAt, ...replay }),
      )
    },
  )

const finished = fc
  .record({ requestId: fc.constantFrom('request-1', 'request-1', 'request-2'), eventId })
  .chain(({ requestId: id, eventId: event }) =>
    fc.oneof(acceptance, failure('rejected')).map(
      (response): AccountEvent => ({
        kind: 'upload_finished',
        eventId: event,
        type: 'upload.post-transform',
        requestId: id,
        response: { ...response, requestId: id },
      }),
    ),
  )
const changed = fc
  .record({ fileId, eventId })
  .map((facts): AccountEvent => ({ kind: 'asset', type: 'file.updated', ...facts }))
const other = eventId.map((id): AccountEvent => ({ kind: 'other', type: null, eventId: id }))

const account = (events: fc.Arbitrary<AccountEvent>) =>
  step(
    'account webhook',
    fc.record({ event: events, receivedAt: someTime }),
    (context, { event, receivedAt }) => {
      const delivery = newAccountDelivery(scopedEvent(context, event), receivedAt)
      return context.store.recordAccountDelivery(delivery)
    },
  )

function scopedEvent(context: StepContext, event: AccountEvent): AccountEvent {
  const { id } = context
  const own = event.eventId && id(event.eventId)
  switch (event.kind) {
    case 'asset':
      return { ...event, eventId: own, fileId: id(event.fileId) }
    case 'upload_finished':
      return {
        ...event,
        eventId: own,
        requestId: id(event.requestId),
        response: scoped(context, event.response),
      }
    case 'other':
      return { ...event, eventId: own }
  }
}

const entry: fc.Arbitrary<AuditEntry> = fc
  .record({ at: someTime, reason: fc.constantFrom('a', 'b') })
  .map((facts) => anAuditEntry(facts))

const listOf = (context: StepContext, runs: readonly IdChoice[]) => runs.map((of) => chosenRun(context, of))

const acknowledge = step(
  'acknowledge',
  fc.record({ runs: fc.array(runChoice, { maxLength: 3 }), entry }),
  (context, { runs, entry: done }) => context.store.acknowledgeRuns(listOf(context, runs), done),
)

const retryMany = step(
  'retry many',
  fc.record({ runs: fc.array(runChoice, { maxLength: 3 }), entry }),
  (context, { runs, entry: done }) =>
    context.store.createRetry(context.newRetryId(), listOf(context, runs), done),
)

const retry = (of: fc.Arbitrary<IdChoice>) =>
  step(
    'retry',
    fc.record({
      run: of,
      request,
      origin: fc.oneof(fc.record({ entry }), fc.constant('waiting item' as const)),
    }),
    (context, { run: retried, request: facts, origin }) => {
      const done = origin === 'waiting item' ? { itemId: context.waitingItemId } : origin
      return context.store.submitRetry(chosenRun(context, retried), submissionOf(context, facts), done)
    },
  )

const withdraw = step('withdraw', fc.record({ run: runChoice, at: someTime }), (context, { run: of, at }) =>
  context.store.withdrawRetry(chosenRun(context, of), at),
)

const endItem = step(
  'end item',
  fc.constantFrom<RetryItemState>('waiting', 'accepted', 'failed'),
  ({ store, waitingItemId }, state) =>
    store.endRetryItem(waitingItemId, state, state === 'failed' ? 'no' : null),
)

/** A time of the sequence, moved later by `periods` times the 24 hours for which a claim is valid. */
const claimedAt = (periods: number) => someTime.map((at) => periods * IDEMPOTENCY_WINDOW_MS + at)
const claimKey = (at: fc.Arbitrary<number>) =>
  step('claim', fc.record({ key: keyClaim, at }), ({ store, id }, { key, at: when }) =>
    store.claimIdempotencyKey({ ...key, scope: id(key.scope) }, when),
  )
const releaseKey = step('release key', keyClaim, ({ store, id }, key) =>
  store.releaseIdempotencyKey({ ...key, scope: id(key.scope) }),
)

/**
 * The database rejects this step, because its retry id already exists. So each step of the batch is decided again, in a batch of its
 * own and with other ids.
 */
const failingRetry = step(
  'retry many, under an existing id',
  fc.record({ runs: fc.array(runChoice, { maxLength: 3 }), entry }),
  (context, { runs, entry: done }) =>
    context.store.createRetry(context.id(EXISTING_RETRY), listOf(context, runs), done),
)

const steps = fc.oneof(
  { arbitrary: webhook(rarelyNull(name)), weight: 8 },
  { arbitrary: respond, weight: 6 },
  { arbitrary: account(finished), weight: 3 },
  { arbitrary: account(fc.oneof(changed, changed, other)), weight: 2 },
  { arbitrary: create(request), weight: 2 },
  { arbitrary: someFinding, weight: 4 },
  { arbitrary: extend, weight: 1 },
  { arbitrary: release, weight: 1 },
  { arbitrary: someSweep, weight: 2 },
  { arbitrary: fold, weight: 1 },
  { arbitrary: notificationSteps, weight: 3 },
  { arbitrary: jobSteps, weight: 5 },
  { arbitrary: acknowledge, weight: 1 },
  { arbitrary: retryMany, weight: 1 },
  { arbitrary: retry(runChoice), weight: 2 },
  { arbitrary: withdraw, weight: 1 },
  { arbitrary: endItem, weight: 1 },
  { arbitrary: claimKey(claimedAt(0)), weight: 2 },
  { arbitrary: releaseKey, weight: 1 },
  { arbitrary: prune, weight: 1 },
)

/**
 * Each of these steps is alone in its batch. Forgetting an asset takes several transactions, with other commits in between. A
 * recovery sees only rows that were committed before its batch; it counts this process’s own work as abandoned as long as the
 * process has written no heartbeat. A claim two periods later replaces every ended claim of its key; it is among these rare steps,
 * so that most claims stay in use.
 */
const aloneSteps = fc.oneof(
  step('forget', fc.record({ fileId, entry }), ({ store, id }, { fileId: of, entry: done }) =>
    store.forgetAsset(id(of), done),
  ),
  step('recover', someTime, ({ store }, at) => store.recoverAbandoned(at, at)),
  claimKey(claimedAt(2)),
)

/** The calls of a chunk are made at the same time, so that they can share a batch. */
const chunk = fc.array(steps, { minLength: 1, maxLength: 8, size: 'max' })
/** Operators retry the same run at the same time. */
const retryingChunk = fc
  .tuple(fc.array(steps, { maxLength: 2 }), fc.constantFrom<IdChoice>(0, 1))
  .chain(([before, of]) =>
    fc
      .array(retry(fc.constant(of)), { minLength: 2, maxLength: 3 })
      .map((retries): Chunk => [...before, ...retries]),
  )
const failingChunk = fc
  .tuple(fc.array(steps, { maxLength: 3 }), failingRetry, fc.array(steps, { maxLength: 3 }))
  .map(([before, failing, after]) => [...before, failing, ...after])
const jobsChunk = fc.array(jobSteps, { minLength: 2, maxLength: 8, size: 'max' })
/**
 * Several claims of due runs at the same time: each of one run, or each of all. Nothing else is in the chunk: a claim that finds its
 * runs already claimed reads again, after everything that was queued meanwhile.
 */
const concurrentRunClaims = fc
  .constantFrom(1, UNLIMITED)
  .chain((limit) => fc.array(claimRuns(limit), { minLength: 2, maxLength: 3 }))
/** A claim of due runs, and changes of these runs in the same chunk. The claim comes first, so that the runs are still as it read them. */
const runClaimThenChanges = fc
  .tuple(
    claimRuns(UNLIMITED),
    fc.array(
      fc.oneof(
        { arbitrary: release, weight: 2 },
        { arbitrary: someFinding, weight: 2 },
        { arbitrary: steps, weight: 3 },
      ),
      { minLength: 1, maxLength: 6, size: 'max' },
    ),
  )
  .map(([first, rest]): Chunk => [first, ...rest])
const runClaimChunks = fc
  .tuple(sweepAll, fc.oneof(concurrentRunClaims, runClaimThenChanges))
  .map(([first, claims]): Chunk[] => [[first], claims])
/**
 * Two runs of a caller that wants notifications are settled, unless the submission fails because of its key, or the sweep lacks the
 * lease. Then steps act on the notifications.
 */
const notifyingChunks = fc
  .tuple(
    create(
      fc.constant({ names: ['remove-bg', 'ai-tasks'], kind: 'external', callerWebhookUrl: CALLER, at: 1 }),
    ),
    sweepAll,
    fc.tuple(...[-1, -2].map((which) => finding(fc.constant(which), fc.constant(EVIDENCE)))),
    fc.array(notificationSteps, { minLength: 2, maxLength: 5, size: 'max' }),
  )
  .map(([first, second, settling, notifying]): Chunk[] => [[first], [second], settling, notifying])

/** Chunks of steps, after a few submissions for them to act on. */
export const batchSequences: fc.Arbitrary<Chunk[]> = fc
  .tuple(
    fc.array(create(request), { minLength: 1, maxLength: 3 }),
    fc.array(
      fc.oneof(
        { arbitrary: chunk.map(asOnlyChunk), weight: 10 },
        { arbitrary: jobsChunk.map(asOnlyChunk), weight: 2 },
        { arbitrary: runClaimChunks, weight: 3 },
        { arbitrary: notifyingChunks, weight: 3 },
        { arbitrary: retryingChunk.map(asOnlyChunk), weight: 2 },
        { arbitrary: failingChunk.map(asOnlyChunk), weight: 1 },
        { arbitrary: aloneSteps.map((one) => [[one]]), weight: 1 },
      ),
      { minLength: 1, maxLength: 6, size: 'max' },
    ),
  )
  .map(([beginning, chunks]) => [beginning, ...chunks.flat()])

function asOnlyChunk(one: Chunk): Chunk[] {
  return [one]
}
