import fc from 'fast-check'
import type { Alert } from '../../../src/domain/alert.ts'
import type { Lease } from '../../../src/domain/decide/lease.ts'
import type { Finding } from '../../../src/domain/finding.ts'
import {
  type DueNotification,
  type NotificationResult,
  notificationIdOf,
} from '../../../src/domain/notification.ts'
import { AN_ATTEMPT, EVIDENCE } from '../builders.ts'
import {
  chooseId,
  chosenRun,
  claimEnd,
  claimUntil,
  type IdChoice,
  runChoice,
  type StepContext,
  someTime,
  step,
} from './step-runner.ts'

export const finding = (of: fc.Arbitrary<IdChoice>, found: fc.Arbitrary<Finding>) =>
  step(
    'finding',
    fc.record({ run: of, finding: found, at: someTime, claim: claimEnd }),
    (context, { run: which, finding: one, at, claim }) =>
      context.store.applyFinding(chosenRun(context, which), one, at, claim),
  )
export const someFinding = finding(
  runChoice,
  fc.oneof(
    fc.constantFrom<Finding>(EVIDENCE, { kind: 'timed_out' }, { kind: 'asset_gone' }),
    fc.option(someTime).map((dueAt): Finding => ({ kind: 'unchanged', dueAt })),
  ),
)

export const release = step(
  'release runs',
  fc.record({
    runs: fc.array(fc.record({ run: runChoice, dueAt: someTime }), { maxLength: 3 }),
    claim: claimEnd,
  }),
  (context, { runs, claim }) => {
    const released = runs.map(({ run: of, dueAt }) => ({ runId: chosenRun(context, of), dueAt }))
    return context.store.releaseRuns(released, claim)
  },
)

export const extend = step(
  'extend a claim',
  fc.record({ runs: fc.array(runChoice, { maxLength: 3 }), claim: claimEnd, until: claimUntil }),
  (context, { runs, claim, until: end }) => {
    const runIds = runs.map((of) => chosenRun(context, of))
    return context.store.extendClaim(runIds, claim, end)
  },
)

/** A step that reads the due runs before it queues its write. */
export const claimRuns = (limit: number) =>
  step('claim runs', fc.record({ now: someTime, until: claimUntil }), ({ store }, { now, until: end }) =>
    store.claimDue(now, { limit, until: end }),
  ).map((one) => ({ ...one, readsFirst: true }))

/**
 * `listed`: one of the notifications that had not ended when the chunk began, or an unknown one if there was none. `run`: the
 * notification of this run, which may not exist.
 */
type NotificationChoice = { listed: number } | { run: IdChoice }

const notification: fc.Arbitrary<NotificationChoice> = fc.oneof(
  { arbitrary: fc.record({ listed: fc.nat({ max: 1 }) }), weight: 5 },
  { arbitrary: fc.record({ run: runChoice }), weight: 1 },
)

function chosenNotification(
  context: StepContext,
  which: NotificationChoice,
): Pick<DueNotification, 'notificationId' | 'dueAt'> {
  const { runIds, notifications } = context
  const listed = 'listed' in which ? notifications[which.listed % notifications.length] : undefined
  if (listed !== undefined) return listed
  const runId = chooseId(runIds, 'run' in which ? which.run : 'unknown')
  return { notificationId: notificationIdOf(runId), dueAt: 0 }
}

const claimNotification = step(
  'claim notification',
  fc.record({
    notification,
    dueAt: fc.oneof({ arbitrary: fc.constant('as listed'), weight: 3 }, { arbitrary: claimEnd, weight: 1 }),
    until: claimUntil,
  }),
  (context, { notification: of, dueAt, until: end }) => {
    const listed = chosenNotification(context, of)
    const claimedDueAt = typeof dueAt === 'number' ? dueAt : listed.dueAt
    return context.store.claimNotification(listed.notificationId, claimedDueAt, end)
  },
)

const releaseNotification = step(
  'release notification',
  fc.record({ notification, claim: claimEnd, dueAt: someTime }),
  (context, { notification: of, claim, dueAt }) =>
    context.store.releaseNotification(chosenNotification(context, of).notificationId, claim, dueAt),
)

const recordNotificationResult = step(
  'record notification result',
  fc.record({
    notification,
    result: fc.constantFrom<NotificationResult>(
      { kind: 'delivered' },
      { kind: 'gone', reason: 'status_410' },
      { kind: 'again', at: 15, reason: 'status_500' },
    ),
    claim: claimEnd,
  }),
  (context, { notification: of, result, claim }) =>
    context.store.recordNotificationResult(
      chosenNotification(context, of).notificationId,
      result,
      claim,
      AN_ATTEMPT,
    ),
)

const DAY_MS = 86_400_000

/**
 * A step that requires the lease. It gets the lease that was acquired before the chunk or, less often, one with the next epoch, as
 * if the lease had been released and acquired again since.
 */
const leased = <T>(
  description: string,
  facts: fc.Arbitrary<T>,
  perform: (context: StepContext, lease: Lease, facts: T) => Promise<unknown>,
) =>
  step(description, fc.tuple(facts, fc.constantFrom(0, 0, 0, 0, 1)), (context, [one, ahead]) =>
    perform(context, { epoch: context.lease.epoch + ahead }, one),
  )

const acquireLease = step(
  'acquire lease',
  fc.record({ at: someTime, ttlMs: someTime }),
  ({ store }, { at, ttlMs }) => store.acquireLease(at, ttlMs),
)
const releaseLease = leased('release lease', fc.constant(null), ({ store }, lease) =>
  store.releaseLease(lease),
)

const sweep = (facts: fc.Arbitrary<{ now: number; overdueAfterMs: number }>) =>
  leased('sweep', facts, ({ store }, lease, { now, overdueAfterMs }) =>
    store.sweepOverdue(lease, now, overdueAfterMs),
  )
export const someSweep = sweep(
  fc.record({ now: fc.integer({ min: 1, max: 40 }), overdueAfterMs: fc.constantFrom(0, 0, 3, 10) }),
)
/**
 * If it has the lease, makes due all pending runs that no earlier sweep has reached, except those of rejected submissions. `now` is
 * later than every request.
 */
export const sweepAll = sweep(fc.constant({ now: 40, overdueAfterMs: 0 }))

export const fold = leased('fold', fc.constant(null), async ({ store }, lease) => {
  const isMore = await store.foldCounters(lease)
  // Whether there is more to fold depends on the number of batches.
  return isMore === null ? null : 'folded'
})

export const prune = leased('prune', someTime, ({ store }, lease, before) =>
  store.pruneBodies(lease, before, 3, null),
)

const alertChoice = fc.record({
  kind: fc.constantFrom<Alert['kind']>('failures', 'oldest_pending'),
  number: fc.constantFrom(1, 1, 2),
  state: fc.constantFrom<Alert['state']>('firing', 'resolved'),
})
type AlertChoice = typeof alertChoice extends fc.Arbitrary<infer T> ? T : never

const alertIdOf = ({ id }: StepContext, { kind, number }: AlertChoice) => id(`${kind}-${number}`)

const saveAlerts = leased(
  'save alerts',
  // At most one alert of each kind: here all alerts of a kind have the same extension, so each replaces the stored one.
  fc.uniqueArray(fc.record({ of: alertChoice, at: someTime, value: someTime, isReported: fc.boolean() }), {
    selector: ({ of }) => of.kind,
    maxLength: 2,
  }),
  (context, lease, alerts) =>
    context.store.saveAlerts(
      lease,
      alerts.map(({ of, at, value, isReported }) => ({
        kind: of.kind,
        extension: context.id(of.kind === 'failures' ? 'remove-bg' : ''),
        alertId: alertIdOf(context, of),
        state: of.state,
        since: at,
        passedAt: at,
        resolvedAt: of.state === 'resolved' ? at : null,
        value,
        isReported,
      })),
    ),
)
const reportAlert = leased('report alert', alertChoice, (context, lease, of) =>
  context.store.recordAlertReported(lease, { alertId: alertIdOf(context, of), state: of.state }),
)

const saveClockTrust = leased(
  'save clock trust',
  fc.record({ trustedAt: someTime, doubtedMs: someTime }),
  ({ store }, lease, trust) => store.saveClockTrust(lease, trust),
)

/** Also deletes the records of ended sessions that expired by `forgetBefore`: `endSession` deletes those that expired a day ago. */
const endSession = step(
  'end session',
  fc.record({ session: fc.constantFrom('session-1', 'session-2'), endsAt: someTime, forgetBefore: someTime }),
  ({ store, id }, { session, endsAt, forgetBefore }) =>
    store.endSession({ sessionId: id(session), endsAt }, DAY_MS + forgetBefore),
)

const signIn = fc.record({
  address: fc.constantFrom('here', 'there'),
  key: fc.constantFrom('a', 'b'),
  at: someTime,
})
const beginSignIn = step('begin sign-in', signIn, ({ store, id }, { address, key, at }) =>
  store.beginSignIn([id(address), id(key)], at),
)
const forgiveSignIn = step('forgive sign-in', signIn, ({ store, id }, { address, key, at }) =>
  store.forgiveSignIn([id(address), id(key)], at),
)

const heartbeat = step('heartbeat', someTime, async ({ store, isAlive }, at) => {
  if (isAlive) await store.heartbeat(at)
})

/** The steps of the notifier. */
export const notificationSteps = fc.oneof(
  { arbitrary: claimNotification, weight: 3 },
  { arbitrary: releaseNotification, weight: 2 },
  { arbitrary: recordNotificationResult, weight: 2 },
)

/** Writes of some other jobs, and of operators' sessions and sign-ins. */
export const jobSteps = fc.oneof(
  { arbitrary: acquireLease, weight: 3 },
  { arbitrary: releaseLease, weight: 1 },
  { arbitrary: saveAlerts, weight: 4 },
  { arbitrary: reportAlert, weight: 4 },
  { arbitrary: saveClockTrust, weight: 2 },
  { arbitrary: endSession, weight: 3 },
  { arbitrary: beginSignIn, weight: 6 },
  { arbitrary: forgiveSignIn, weight: 3 },
  { arbitrary: heartbeat, weight: 2 },
)
