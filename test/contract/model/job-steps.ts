import fc from 'fast-check'
import { expect } from 'vitest'
import type { Finding } from '../../../src/domain/finding.ts'
import { AN_ATTEMPT, EVIDENCE } from '../builders.ts'
import { withLease } from '../with-lease.ts'
import { time } from './arbitraries.ts'
import { applyFinding, dueRuns, prune, sweep } from './job-rules.ts'
import { labelOf, type Plan, pick } from './step.ts'
import { recoverAbandoned } from './submission-rules.ts'

const findings: fc.Arbitrary<Finding> = fc.oneof(
  fc.constantFrom<Finding>(EVIDENCE, { kind: 'timed_out' }, { kind: 'asset_gone' }),
  time.map((dueAt): Finding => ({ kind: 'unchanged', dueAt })),
)

/** The result of checking a run whose id the model knows. The run may have been removed or settled meanwhile. */
export const finding: fc.Arbitrary<Plan> = fc
  .record({
    runIndex: fc.nat({ max: 9 }),
    finding: findings,
    at: time,
    // Whether the finding has the run's claim, which is its due time; otherwise 0, which is never a due time.
    hasClaim: fc.nat({ max: 3 }).map((n) => n > 0),
  })
  .map(
    ({ runIndex, finding, at, hasClaim }): Plan =>
      (model) => {
        const known = model.everyRun.filter(({ runId }) => runId !== null)
        const run = pick(known, runIndex)
        if (run === undefined || run.runId === null) return undefined
        const { runId } = run
        const claim = hasClaim ? (run.dueAt ?? 0) : 0
        const kind = finding.kind === 'unchanged' ? `unchanged, due ${finding.dueAt}` : finding.kind
        return {
          description: `finding about ${labelOf(model, run.submission)} ${run.name}: ${kind}, at ${at}, claimed until ${claim}`,
          async perform({ store, countCase }) {
            const applied = await store.applyFinding(runId, finding, at, claim)
            return () => {
              expect(applied).toEqual(applyFinding(model, run, finding, { at, claim }))
              countCase(`${finding.kind} ${applied.applied ? 'applied' : 'not applied'}`)
            }
          },
        }
      },
  )

/** Due runs are claimed until `until`. If they are released at once, each has its previous due time again. */
export const claiming: fc.Arbitrary<Plan> = fc
  .record({ now: time, until: time, limit: fc.constantFrom(1, 3, 100), isReleased: fc.boolean() })
  .map(
    ({ now, until, limit, isReleased }): Plan =>
      (model) => ({
        description: `at most ${limit} runs due at ${now} are claimed until ${until}${isReleased ? ', and released' : ''}`,
        async perform({ store, countCase }) {
          const claimed = await store.claimDue(now, { limit, until })
          const read = claimed.map(({ run, dueAt }) => ({ runId: run.runId, dueAt }))
          if (isReleased) await store.releaseRuns(read, until)
          return () => {
            const due = dueRuns(model, now).slice(0, limit)
            expect(read).toEqual(due.map(({ runId, dueAt }) => ({ runId, dueAt })))
            if (!isReleased) for (const run of due) run.dueAt = until
            countCase('claimed', due.length)
          }
        },
      }),
  )

/** Runs that have been pending for `overdueAfterMs` become due. */
export const sweeping: fc.Arbitrary<Plan> = fc
  .record({ now: fc.integer({ min: 1, max: 40 }), overdueAfterMs: fc.constantFrom(0, 0, 3, 10) })
  .map(
    ({ now, overdueAfterMs }): Plan =>
      (model) => ({
        description: `sweep at ${now} of runs pending for ${overdueAfterMs}`,
        async perform({ store, countCase }) {
          const isMore = await withLease(store).sweepOverdue(now, overdueAfterMs)
          return () => {
            expect(isMore).toBe(false)
            const passed = model.sweptCount
            sweep(model, now, overdueAfterMs)
            countCase('swept', model.sweptCount - passed)
          }
        },
      }),
  )

/** Adds to the counters what each batch has changed, which the store records separately at first. No read sees a difference. */
export const folding: fc.Arbitrary<Plan> = fc.constant(() => ({
  description: 'the counters are folded',
  async perform({ store, countCase }) {
    const isMore = await withLease(store).foldCounters()
    return () => {
      expect(isMore).toBe(false)
      countCase('folded')
    }
  },
}))

/** A notification is claimed, which succeeds only once, and is then delivered, or due again at `againAt`. */
export const notifying: fc.Arbitrary<Plan> = fc
  .record({ which: fc.nat({ max: 3 }), againAt: fc.option(time) })
  .map(
    ({ which, againAt }): Plan =>
      (model) => {
        const notification = pick(model.notifications, which)
        if (notification === undefined) return undefined
        const { run } = notification
        const again =
          againAt === null ? null : ({ kind: 'again', at: againAt, reason: 'status_500' } as const)
        return {
          description: `the caller of ${labelOf(model, run.submission)} is notified of ${run.name}${again ? `, again at ${again.at}` : ''}`,
          async perform({ store, countCase }) {
            const until = notification.dueAt + 5
            const sent = await store.claimNotification(`msg_${run.runId}`, notification.dueAt, until)
            expect(sent).toBe(notification.body)
            const lost = await store.claimNotification(`msg_${run.runId}`, notification.dueAt, until)
            expect(lost).toBeUndefined()
            await store.recordNotificationResult(
              `msg_${run.runId}`,
              again ?? { kind: 'delivered' },
              until,
              AN_ATTEMPT,
            )
            return () => {
              if (again) Object.assign(notification, { attempt: notification.attempt + 1, dueAt: again.at })
              else model.notifications.splice(model.notifications.indexOf(notification), 1)
              countCase('notified')
            }
          },
        }
      },
  )

/** Of the first `limit` stored bodies, those received before `before` are pruned. */
export const pruning: fc.Arbitrary<Plan> = fc.record({ before: time, limit: fc.constantFrom(1, 3, 100) }).map(
  ({ before, limit }): Plan =>
    (model) => ({
      description: `bodies received before ${before} are pruned, among the first ${limit}`,
      async perform({ store, countCase }) {
        const { pruned } = await withLease(store).pruneBodies(before, limit, null)
        return () => {
          expect(pruned).toBe(prune(model, before, limit))
          countCase('pruned', pruned)
        }
      },
    }),
)

/** The process ends and another one starts. */
export const restarting: fc.Arbitrary<Plan> = time.map(
  (at): Plan =>
    (model) => ({
      description: `restart at ${at}`,
      async perform(context) {
        await context.reopen()
        const recovered = await context.store.recoverAbandoned(at, at)
        return () => {
          expect(recovered).toEqual({ submissions: recoverAbandoned(model, at) })
          context.countCase('restarted')
        }
      },
    }),
)
