import { expect } from 'vitest'
import { describeAsset } from '../../../src/domain/asset.ts'
import { EVERY_DELIVERY } from '../../../src/domain/listed-delivery.ts'
import type { StatCounts } from '../../../src/domain/stat-counters.ts'
import type { Store } from '../../../src/store/store.ts'
import { peekBody } from '../store-calls.ts'
import { FILES } from './arbitraries.ts'
import { describeModelAsset } from './asset-rules.ts'
import { dueRuns } from './job-rules.ts'
import type { Model, ModelDelivery, ModelRun, ModelSubmission } from './model.ts'
import { causeOfRun, describeRun, presentObservation } from './run-rules.ts'
import { idOf, type StepContext } from './step.ts'
import { describeSubmission } from './submission-rules.ts'

const FAR_FUTURE = 1_000_000
const TIMES = [5, 10, FAR_FUTURE]
const ALL = 10_000

/**
 * Fails unless the submissions, assets, deliveries, due runs and due notifications of this sequence, the deliveries in the histories of
 * its runs, and the counters match the model. Adds the ids of new runs to the model.
 */
export async function compare(model: Model, { store, countersBefore }: StepContext): Promise<void> {
  for (const submission of model.submissions) await compareSubmission(submission, store)
  for (const file of FILES) await compareAsset(model, `${idOf(model, file)}`, store)
  for (const stored of model.deliveries) await compareDelivery(stored, store)
  for (const file of FILES) await compareDeliveriesOf(model, `${idOf(model, file)}`, store)
  for (const run of model.everyRun) await compareHistory(model, run, store)
  for (const now of TIMES) await compareDue(model, now, store)
  for (const now of TIMES) await compareNotifications(model, now, store)
  compareCounts(model, countersBefore, await store.readStats(0, 1))
}

async function compareSubmission(submission: ModelSubmission, store: Store): Promise<void> {
  const found = await store.findSubmission(submission.submissionId)
  expect(found?.submission).toEqual(describeSubmission(submission))
  for (const run of submission.runs)
    run.runId ??= found?.runs.find(({ name }) => name === run.name)?.runId ?? null
  expect(found?.runs).toEqual(submission.runs.map((run) => ({ runId: run.runId, ...describeRun(run) })))
}

async function compareAsset(model: Model, fileId: string, store: Store): Promise<void> {
  const facts = await store.findAsset(fileId)
  const nameOf = (run: { name: string; submissionId: string }) => `${run.name} of ${run.submissionId}`
  const actual = facts && {
    status: describeAsset(facts).status,
    current: new Set(describeAsset(facts).runs.map(nameOf)),
    returned: new Set(facts.runs.map(nameOf)),
    recordedAt: facts.recordedAt,
  }
  expect(actual).toEqual(describeModelAsset(model, fileId))
}

/** The delivery is found by its id, even after its body was pruned. */
async function compareDelivery(stored: ModelDelivery, store: Store) {
  const { deliveryId, receivedAt, body, isPruned, outcome, cause, service, submission } = stored
  // A delivery that was recorded without a run is returned with the run that has its service's name, if there is one.
  const run = stored.run ?? submission?.runs.find(({ name }) => name === service)
  const hasSettledRun = outcome === 'applied' && stored.run !== null
  const found = await store.findDelivery(deliveryId)
  expect(found).toMatchObject({
    deliveryId,
    receivedAt,
    outcome,
    cause,
    service,
    submissionId: submission?.submissionId ?? null,
    runId: run === undefined || run.isRemoved ? null : run.runId,
    // A delivery that settled a run is returned with the file to which its submission is bound now.
    fileId: hasSettledRun ? (submission?.fileId ?? null) : stored.fileId,
  })
  expect(found?.body?.toString() ?? null).toBe(isPruned ? null : body)
}

/** A file's list contains the deliveries of submissions bound to it, and all others that name it; newest first. */
async function compareDeliveriesOf(model: Model, fileId: string, store: Store): Promise<void> {
  const { deliveries } = await store.listDeliveries(
    { ...EVERY_DELIVERY, fileId },
    { limit: ALL, before: null },
  )
  const expected = model.deliveries.filter(
    (stored) => stored.submission?.fileId === fileId || stored.fileId === fileId,
  )
  expect(deliveries.map((one) => one.deliveryId)).toEqual(expected.map((one) => one.deliveryId).toReversed())
}

/** A run's history contains those deliveries of its submission that name its extension, and those that name none; oldest first. */
async function compareHistory(model: Model, run: ModelRun, store: Store): Promise<void> {
  if (run.runId === null) return
  const history = await store.findRunHistory(run.runId)
  if (run.isRemoved) return expect(history).toBeUndefined()
  const expected = model.deliveries
    .filter(({ submission }) => submission === run.submission)
    .filter(({ service }) => service === run.name || service === null)
  expect(history?.deliveries.map((one) => one.deliveryId)).toEqual(expected.map((one) => one.deliveryId))
}

/** Compares the due runs of this sequence; those of other sequences, which use the same store, are ignored. */
async function compareDue(model: Model, now: number, store: Store): Promise<void> {
  const ourSubmissionIds = new Set(model.submissions.map(({ submissionId }) => submissionId))
  const actual = (await store.listDue(now, ALL))
    .filter(({ submission }) => ourSubmissionIds.has(submission.submissionId))
    .map(({ run, siblings, others }) => ({
      runId: run.runId,
      siblings,
      others: others.map(({ submission, place }) => [submission.submissionId, place]),
    }))
  const expected = dueRuns(model, now).map(({ runId, name, submission }) => ({
    runId,
    siblings: submission.runs.map((run) => run.name).filter((sibling) => sibling !== name),
    others: othersOf(model, submission),
  }))
  expect(actual).toEqual(expected)
}

/** The other submissions bound to the same file, each with its place relative to this one. */
function othersOf(model: Model, submission: ModelSubmission) {
  const position = model.submissions.indexOf(submission)
  return [...model.submissions.entries()]
    .filter(([, { fileId }]) => fileId !== null && fileId === submission.fileId)
    .filter(([index]) => index !== position)
    .map(([index, other]) => [other.submissionId, index < position ? 'earlier' : 'later'])
}

async function compareNotifications(model: Model, now: number, store: Store): Promise<void> {
  const { due, next } = await store.listDueNotifications(now, { perHost: ALL, after: null })
  expect(next).toBeNull()
  const ours = due.filter(({ target }) => target.includes(model.scope))
  const actual = await Promise.all(ours.map(async (one) => ({ ...one, body: await peekBody(store, one) })))
  const expected = model.notifications
    .filter(({ dueAt }) => dueAt <= now)
    .toSorted((one, other) => model.everyRun.indexOf(one.run) - model.everyRun.indexOf(other.run))
    .toSorted((one, other) => one.dueAt - other.dueAt)
    .map(({ run, target, body, attempt, createdAt, dueAt }) => {
      const notificationId = `msg_${run.runId}`
      return {
        notificationId,
        target,
        host: new URL(target).host,
        body,
        attempt,
        createdAt,
        dueAt,
        traceparent: null,
      }
    })
  expect(actual).toEqual(expected)
}

/** The counts of all groups of runs and all counters, by a key. Fails if two have the same key, or a count is not positive. */
export function countersByKey({ groups, counters }: StatCounts): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { extension, status, acknowledged, cause, count } of groups)
    counts.set(JSON.stringify([extension, status, acknowledged, cause]), count)
  for (const [hour, kind, extension, value, count] of counters)
    counts.set(JSON.stringify([hour, kind, extension, value]), count)
  expect([...counts.values()].filter((count) => count <= 0)).toEqual([])
  expect(counts.size).toBe(groups.length + counters.length)
  return counts
}

/**
 * Fails unless the counts are those from before the sequence plus those of its runs. All times of a sequence are a few milliseconds
 * after the epoch, so what is counted by hour is in hour 0, and every duration is in the first bucket.
 */
function compareCounts(model: Model, before: ReadonlyMap<string, number>, stats: StatCounts): void {
  const expected = new Map(before)
  const add = (...keyParts: unknown[]) => {
    const key = JSON.stringify(keyParts)
    expected.set(key, (expected.get(key) ?? 0) + 1)
  }
  const counted = model.submissions.filter(({ state }) => state !== 'rejected').flatMap(({ runs }) => runs)
  for (const run of counted) {
    const { status } = presentObservation(run)
    // No run is acknowledged, because the model excludes operators' actions.
    add(run.name, status, false, causeOfRun(run))
    if (status === 'pending') continue
    add(0, 'settled', run.name, status)
    if (status === 'failed') add(0, 'failed', run.name, causeOfRun(run))
    if (status !== 'expired') add(0, 'seconds', '', '0')
  }
  expect(countersByKey(stats)).toEqual(expected)
}
