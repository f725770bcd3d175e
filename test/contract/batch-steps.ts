import fc from 'fast-check'
import type { AccountEvent } from '../../src/domain/account-event.ts'
import type { Alert } from '../../src/domain/alert.ts'
import type { AuditEntry } from '../../src/domain/audit-entry.ts'
import { TrackerError } from '../../src/domain/errors.ts'
import type { Finding } from '../../src/domain/finding.ts'
import { IDEMPOTENCY_WINDOW_MS } from '../../src/domain/idempotency.ts'
import { ID_PATTERN, numberOf } from '../../src/domain/ids.ts'
import type { Lease } from '../../src/domain/lease.ts'
import {
  type DueNotification,
  type NotificationResult,
  notificationIdOf,
} from '../../src/domain/notification.ts'
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

/**
 * One call of the store. Those of a chunk are made at once, or one after the other. `isReadFirst`: the call reads before it is
 * queued.
 */
type BatchStep = { told: string; isReadFirst: boolean; take: (world: World) => Promise<unknown> }
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
  /** The notifications that had not ended then. */
  notifications: readonly DueNotification[]
  /** The lease as it was acquired last then, whether or not it was released since. */
  lease: Lease
}

/** One of those that are known, the newest of them is -1; or an id of nothing, like that of the first of them. */
type Which = number | 'nobody'

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
    notifications: [],
    lease: { epoch: 0 },
  }
  const takeAll = async (chunk: Chunk, how: 'alone' | 'together') => {
    const taken: Promise<Outcome>[] = []
    for (const each of chunk) {
      const outcome = outcomeOf(each, world)
      taken.push(outcome)
      if (how === 'alone') await outcome
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
const TAKEN = 'retry-taken'

/** Later than any step. */
const EVER = 1_000_000
const EVERY = 10_000

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

function oneOf(ids: readonly string[], which: Which): string {
  if (typeof which === 'number') return ids.at(which) ?? 'nowhere'
  const [first] = ids
  return (first && unknownIds(first)[2]) ?? 'nowhere'
}

const submissionOfWhich = ({ submissionIds }: World, which: Which) => oneOf(submissionIds, which)
const runOfWhich = ({ runIds }: World, which: Which) => oneOf(runIds, which)

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
/** Until when something is claimed: it is due no more in this sequence, unless it is released. */
const until = fc.constantFrom(31, 32)
/** What is released, or has a result, may have been claimed, or have become due otherwise. Often that is so: few times are used. */
const claimed = fc.oneof(time, until)
const error = fc.constantFrom(null, { code: 'E1' }, { code: 'E2' })
const seldom = <T>(usual: fc.Arbitrary<T>) => fc.option(usual, { freq: 11 })

function step<T>(
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

type Asked = Partial<NewSubmission> & { names: string[] }

const CALLER = 'https://caller.example/hook'

const asked = fc
  .record({
    kind: fc.constantFrom('upload', 'update', 'external'),
    names: fc.array(name, { maxLength: 3 }),
    file: fileId,
    isNotified: fc.boolean(),
    at: time,
  })
  .map(
    ({ kind, names, file, isNotified, at }): Asked => ({
      names,
      kind,
      fileId: kind === 'upload' ? null : file,
      callerWebhookUrl: isNotified ? CALLER : null,
      at,
    }),
  )

function submissionOf(world: World, { names, ...facts }: Asked) {
  const { fileId: file = null } = facts
  return newSubmission(names, { ...facts, fileId: file && world.id(file) })
}

const create = (of: fc.Arbitrary<Asked>) =>
  step('create', fc.record({ asked: of, key: fc.option(scope) }), (world, { asked: facts, key }) =>
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

const finding = (of: fc.Arbitrary<Which>, found: fc.Arbitrary<Finding>) =>
  step(
    'finding',
    fc.record({ run: of, finding: found, at: time, claim: claimed }),
    (world, { run: which, finding: one, at, claim: held }) =>
      world.store.applyFinding(runOfWhich(world, which), one, at, held),
  )
const someFinding = finding(
  run,
  fc.oneof(
    fc.constantFrom<Finding>(EVIDENCE, { kind: 'timed_out' }, { kind: 'asset_gone' }),
    fc.option(time).map((dueAt): Finding => ({ kind: 'unchanged', dueAt })),
  ),
)

const release = step(
  'release runs',
  fc.record({ runs: fc.array(fc.record({ run, dueAt: time }), { maxLength: 3 }), claim: claimed }),
  (world, { runs, claim: held }) => {
    const released = runs.map(({ run: of, dueAt }) => ({ runId: runOfWhich(world, of), dueAt }))
    return world.store.releaseRuns(released, held)
  },
)

/** It reads what is due before it is queued. */
const claimRuns = (limit: number) =>
  step('claim runs', fc.record({ now: time, until }), ({ store }, { now, until: end }) =>
    store.claimDue(now, { limit, until: end }),
  ).map((one) => ({ ...one, isReadFirst: true }))

/** One that has not ended when the chunk begins; or that of a run, whether or not there is one. */
type WhichNotification = { listed: number } | { run: Which }

const notification: fc.Arbitrary<WhichNotification> = fc.oneof(
  { arbitrary: fc.record({ listed: fc.nat({ max: 1 }) }), weight: 5 },
  { arbitrary: fc.record({ run }), weight: 1 },
)

function notificationOfWhich(
  world: World,
  which: WhichNotification,
): Pick<DueNotification, 'notificationId' | 'dueAt'> {
  const { runIds, notifications } = world
  const listed = 'listed' in which ? notifications[which.listed % notifications.length] : undefined
  if (listed !== undefined) return listed
  const runId = oneOf(runIds, 'run' in which ? which.run : 'nobody')
  return { notificationId: notificationIdOf(runId), dueAt: 0 }
}

const claimNotification = step(
  'claim notification',
  fc.record({
    notification,
    dueAt: fc.oneof({ arbitrary: fc.constant('as listed'), weight: 3 }, { arbitrary: claimed, weight: 1 }),
    until,
  }),
  (world, { notification: of, dueAt, until: end }) => {
    const listed = notificationOfWhich(world, of)
    const since = typeof dueAt === 'number' ? dueAt : listed.dueAt
    return world.store.claimNotification(listed.notificationId, since, end)
  },
)

const releaseNotification = step(
  'release notification',
  fc.record({ notification, claim: claimed, dueAt: time }),
  (world, { notification: of, claim: held, dueAt }) =>
    world.store.releaseNotification(notificationOfWhich(world, of).notificationId, held, dueAt),
)

const notified = step(
  'notified',
  fc.record({
    notification,
    result: fc.constantFrom<NotificationResult>(
      { kind: 'delivered' },
      { kind: 'gone', reason: 'status_410' },
      { kind: 'again', at: 15, reason: 'status_500' },
    ),
    claim: claimed,
  }),
  (world, { notification: of, result, claim: held }) =>
    world.store.settleNotification(notificationOfWhich(world, of).notificationId, result, held),
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

const DAY_MS = 86_400_000

/** An expired claim is deleted by the next claim of any key. When it goes is not seen as long as the clock goes on. */
const claimedAt = (days: number) => time.map((at) => days * IDEMPOTENCY_WINDOW_MS + at)
const claim = (at: fc.Arbitrary<number>) =>
  step('claim', fc.record({ scope, at }), ({ store, id }, { scope: of, at: when }) =>
    store.claimIdempotencyKey(id(of), when),
  )
const releaseKey = step('release key', scope, ({ store, id }, of) => store.releaseIdempotencyKey(id(of)))

/**
 * What only the holder of the lease may do: under the lease as it was when the chunk began, or under the next one, as if it had been
 * released and acquired since.
 */
const leased = <T>(
  told: string,
  facts: fc.Arbitrary<T>,
  take: (world: World, lease: Lease, facts: T) => Promise<unknown>,
) =>
  step(told, fc.tuple(facts, fc.constantFrom(0, 0, 0, 0, 1)), (world, [one, ahead]) =>
    take(world, { epoch: world.lease.epoch + ahead }, one),
  )

const acquireLease = step('acquire lease', fc.record({ at: time, ttlMs: time }), ({ store }, { at, ttlMs }) =>
  store.acquireLease(at, ttlMs),
)
const releaseLease = leased('release lease', fc.constant(null), ({ store }, lease) =>
  store.releaseLease(lease),
)

const sweep = (facts: fc.Arbitrary<{ now: number; overdueAfterMs: number }>) =>
  leased('sweep', facts, ({ store }, lease, { now, overdueAfterMs }) =>
    store.sweepOverdue(lease, now, overdueAfterMs),
  )
const someTime = fc.record({
  now: fc.integer({ min: 1, max: 40 }),
  overdueAfterMs: fc.constantFrom(0, 0, 3, 10),
})

const fold = leased('fold', fc.constant(null), async ({ store }, lease) => {
  const isMore = await store.foldCounters(lease)
  // Whether there is more to add up depends on how many batches there were.
  return isMore === null ? null : 'folded'
})

const prune = leased('prune', time, ({ store }, lease, before) => store.pruneBodies(lease, before, 3, null))

const alertOf = fc.record({
  kind: fc.constantFrom<Alert['kind']>('failures', 'oldest_pending'),
  number: fc.constantFrom(1, 1, 2),
  state: fc.constantFrom<Alert['state']>('firing', 'resolved'),
})
type AlertOf = typeof alertOf extends fc.Arbitrary<infer T> ? T : never

const alertIdOf = ({ id }: World, { kind, number }: AlertOf) => id(`${kind}-${number}`)

const saveAlerts = leased(
  'save alerts',
  // One is saved once.
  fc.uniqueArray(fc.record({ of: alertOf, at: time, value: time, isTold: fc.boolean() }), {
    selector: ({ of }) => of.kind,
    maxLength: 2,
  }),
  (world, lease, alerts) =>
    world.store.saveAlerts(
      lease,
      alerts.map(({ of, at, value, isTold }) => ({
        kind: of.kind,
        extension: world.id(of.kind === 'failures' ? 'remove-bg' : ''),
        alertId: alertIdOf(world, of),
        state: of.state,
        since: at,
        passedAt: at,
        resolvedAt: of.state === 'resolved' ? at : null,
        value,
        isTold,
      })),
    ),
)
const reportAlert = leased('report alert', alertOf, (world, lease, of) =>
  world.store.recordAlertReported(lease, { alertId: alertIdOf(world, of), state: of.state }),
)

const saveClockTrust = leased(
  'save clock trust',
  fc.record({ trustedAt: time, doubtedMs: time }),
  ({ store }, lease, trust) => store.saveClockTrust(lease, trust),
)

const endSession = step(
  'end session',
  fc.record({ session: fc.constantFrom('session-1', 'session-2'), endsAt: time, forgetBefore: time }),
  ({ store, id }, { session, endsAt, forgetBefore }) =>
    store.endSession({ sessionId: id(session), endsAt }, DAY_MS + forgetBefore),
)

const heartbeat = step('heartbeat', time, ({ store }, at) => store.heartbeat(at))

/** Its id is taken, which the database notices: the whole batch is decided again, and takes other ids. */
const retryAgain = step(
  'retry many, under an id that is taken',
  fc.record({ runs: fc.array(run, { maxLength: 3 }), act }),
  (world, { runs, act: done }) => world.store.createRetry(world.id(TAKEN), listOf(world, runs), done),
)

/** What the notifier does. */
const notificationSteps = fc.oneof(
  { arbitrary: claimNotification, weight: 3 },
  { arbitrary: releaseNotification, weight: 2 },
  { arbitrary: notified, weight: 2 },
)

/** What jobs write, and the sessions of operators. */
const jobSteps = fc.oneof(
  { arbitrary: acquireLease, weight: 3 },
  { arbitrary: releaseLease, weight: 1 },
  { arbitrary: saveAlerts, weight: 4 },
  { arbitrary: reportAlert, weight: 4 },
  { arbitrary: saveClockTrust, weight: 2 },
  { arbitrary: endSession, weight: 3 },
  { arbitrary: heartbeat, weight: 2 },
)

const steps = fc.oneof(
  { arbitrary: webhook(seldom(name)), weight: 8 },
  { arbitrary: respond, weight: 6 },
  { arbitrary: account(finished), weight: 3 },
  { arbitrary: account(fc.oneof(changed, changed, other)), weight: 2 },
  { arbitrary: create(asked), weight: 2 },
  { arbitrary: someFinding, weight: 4 },
  { arbitrary: release, weight: 1 },
  { arbitrary: sweep(someTime), weight: 2 },
  { arbitrary: fold, weight: 1 },
  { arbitrary: notificationSteps, weight: 3 },
  { arbitrary: jobSteps, weight: 5 },
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
const jobsChunk = fc.array(jobSteps, { minLength: 2, maxLength: 8, size: 'max' })
/**
 * Runs are claimed at once by several, who all get one or all get everything. Nothing else is in the batch: who finds that others
 * were faster reads again, after all that was queued meanwhile.
 */
const claimsChunk = fc
  .constantFrom(1, EVERY)
  .chain((limit) => fc.array(claimRuns(limit), { minLength: 2, maxLength: 3 }))
/** In the batch of a claim, more is done to the runs. The claim comes first: what it has read must still be so. */
const claimedChunk = fc
  .tuple(
    claimRuns(EVERY),
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
/** So that most runs are due. */
const sweepAll = sweep(fc.constant({ now: 40, overdueAfterMs: 0 }))
const claimingChunks = fc
  .tuple(sweepAll, fc.oneof(claimsChunk, claimedChunk))
  .map(([first, claiming]): Chunk[] => [[first], claiming])
/** A caller is to be notified of two runs. */
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

/** Chunks of steps, after some submissions that they can be about. */
export const batchSequences: fc.Arbitrary<Chunk[]> = fc
  .tuple(
    fc.array(create(asked), { minLength: 1, maxLength: 3 }),
    fc.array(
      fc.oneof(
        { arbitrary: chunk.map(only), weight: 10 },
        { arbitrary: jobsChunk.map(only), weight: 2 },
        { arbitrary: claimingChunks, weight: 3 },
        { arbitrary: notifyingChunks, weight: 3 },
        { arbitrary: retryingChunk.map(only), weight: 2 },
        { arbitrary: failingChunk.map(only), weight: 1 },
        { arbitrary: aloneSteps.map((one) => [[one]]), weight: 1 },
      ),
      { minLength: 1, maxLength: 6, size: 'max' },
    ),
  )
  .map(([beginning, chunks]) => [beginning, ...chunks.flat()])

function only(one: Chunk): Chunk[] {
  return [one]
}
