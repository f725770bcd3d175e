import { expect } from 'vitest'
import { describeAsset } from '../../../src/domain/asset.ts'
import { EVERY_DELIVERY } from '../../../src/domain/listed-delivery.ts'
import type { StatCounts } from '../../../src/domain/stat-counters.ts'
import type { Store } from '../../../src/store/store.ts'
import { peekBody } from '../facts.ts'
import { describeModelAsset } from './asset-rules.ts'
import type { KeptDelivery, Model, ModelRun, ModelSubmission } from './model.ts'
import { causeOfRun, describeRun, presentWord } from './run-rules.ts'
import { idOf, type World } from './step.ts'
import { describeSubmission } from './submission-rules.ts'
import { dueRuns } from './upkeep-rules.ts'
import { FILES } from './words.ts'

const EVER = 1_000_000
const SOMETIMES = [5, 10, EVER]
const ALL = 10_000

/** Everything that the store tells of what this sequence did is what the model tells. */
export async function compare(model: Model, { store, countedBefore }: World): Promise<void> {
  for (const submission of model.submissions) await compareSubmission(submission, store)
  for (const file of FILES) await compareAsset(model, `${idOf(model, file)}`, store)
  for (const kept of model.kept) await compareDelivery(kept, store)
  for (const file of FILES) await compareDeliveriesOf(model, `${idOf(model, file)}`, store)
  for (const run of model.everyRun) await compareHistory(model, run, store)
  for (const now of SOMETIMES) await compareDue(model, now, store)
  for (const now of SOMETIMES) await compareOwed(model, now, store)
  compareCounts(model, countedBefore, await store.readStats(0, 1))
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
  const told = facts && {
    status: describeAsset(facts).status,
    current: new Set(describeAsset(facts).runs.map(nameOf)),
    kept: new Set(facts.runs.map(nameOf)),
    recordedAt: facts.recordedAt,
  }
  expect(told).toEqual(describeModelAsset(model, fileId))
}

/** Every one has an id of its own, which still finds it once its body is gone. */
async function compareDelivery(kept: KeptDelivery, store: Store) {
  const { deliveryId, receivedAt, body, isPruned, outcome, cause, service, submission } = kept
  const run = kept.run ?? submission?.runs.find(({ name }) => name === service)
  const isApplied = outcome === 'applied' && kept.run !== null
  const found = await store.findDelivery(deliveryId)
  expect(found).toMatchObject({
    deliveryId,
    receivedAt,
    outcome,
    cause,
    service,
    submissionId: submission?.submissionId ?? null,
    runId: run === undefined || run.isGone ? null : run.runId,
    // What settled a run is of the file that its submission is bound to.
    fileId: isApplied ? (submission?.fileId ?? null) : kept.fileId,
  })
  expect(found?.body?.toString() ?? null).toBe(isPruned ? null : body)
}

/** Those of the submissions that are bound to the file, and whatever else names it; the newest first. */
async function compareDeliveriesOf(model: Model, fileId: string, store: Store): Promise<void> {
  const { deliveries } = await store.listDeliveries(
    { ...EVERY_DELIVERY, fileId },
    { limit: ALL, before: null },
  )
  const expected = model.kept.filter((kept) => kept.submission?.fileId === fileId || kept.fileId === fileId)
  expect(deliveries.map((one) => one.deliveryId)).toEqual(expected.map((one) => one.deliveryId).toReversed())
}

/** Of its submission, those that speak of the run, and those that name no service. */
async function compareHistory(model: Model, run: ModelRun, store: Store): Promise<void> {
  if (run.runId === null) return
  const history = await store.findRunHistory(run.runId)
  if (run.isGone) return expect(history).toBeUndefined()
  const expected = model.kept
    .filter(({ submission }) => submission === run.submission)
    .filter(({ service }) => service === run.name || service === null)
  expect(history?.deliveries.map((one) => one.deliveryId)).toEqual(expected.map((one) => one.deliveryId))
}

/** What other sequences have left is not looked at. */
async function compareDue(model: Model, now: number, store: Store): Promise<void> {
  const isOurs = new Set(model.submissions.map(({ submissionId }) => submissionId))
  const told = (await store.listDue(now, ALL))
    .filter(({ submission }) => isOurs.has(submission.submissionId))
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
  expect(told).toEqual(expected)
}

function othersOf(model: Model, submission: ModelSubmission) {
  const place = model.submissions.indexOf(submission)
  return [...model.submissions.entries()]
    .filter(([, { fileId }]) => fileId !== null && fileId === submission.fileId)
    .filter(([at]) => at !== place)
    .map(([at, other]) => [other.submissionId, at < place ? 'earlier' : 'later'])
}

async function compareOwed(model: Model, now: number, store: Store): Promise<void> {
  const { due, next } = await store.listDueNotifications(now, { perHost: ALL, after: null })
  expect(next).toBeNull()
  const ours = due.filter(({ target }) => target.includes(model.scope))
  const told = await Promise.all(ours.map(async (one) => ({ ...one, body: await peekBody(store, one) })))
  const expected = model.owed
    .filter(({ dueAt }) => dueAt <= now)
    .toSorted((one, other) => model.everyRun.indexOf(one.run) - model.everyRun.indexOf(other.run))
    .toSorted((one, other) => one.dueAt - other.dueAt)
    .map(({ run, target, body, attempt, createdAt, dueAt }) => {
      const notificationId = `msg_${run.runId}`
      return { notificationId, target, host: new URL(target).host, body, attempt, createdAt, dueAt }
    })
  expect(told).toEqual(expected)
}

/** All counters by what they count. Nothing that is counted is told that is not there. */
export function sizesOf({ groups, counters }: StatCounts): Map<string, number> {
  const sizes = new Map<string, number>()
  for (const { extension, status, acknowledged, cause, size } of groups)
    sizes.set(JSON.stringify([extension, status, acknowledged, cause]), size)
  for (const [hour, kind, extension, value, size] of counters)
    sizes.set(JSON.stringify([hour, kind, extension, value]), size)
  expect([...sizes.values()].filter((size) => size <= 0)).toEqual([])
  expect(sizes.size).toBe(groups.length + counters.length)
  return sizes
}

/** What is counted beyond what other sequences have left is what these runs say; all times are in the first hour. */
function compareCounts(model: Model, before: ReadonlyMap<string, number>, stats: StatCounts): void {
  const expected = new Map(before)
  const add = (...what: unknown[]) => {
    const key = JSON.stringify(what)
    expected.set(key, (expected.get(key) ?? 0) + 1)
  }
  const counted = model.submissions.filter(({ state }) => state !== 'rejected').flatMap(({ runs }) => runs)
  for (const run of counted) {
    const { word } = presentWord(run)
    add(run.name, word, false, causeOfRun(run))
    if (word === 'pending') continue
    add(0, 'settled', run.name, word)
    if (word === 'failed') add(0, 'failed', run.name, causeOfRun(run))
    if (word !== 'expired') add(0, 'seconds', '', '0')
  }
  expect(sizesOf(stats)).toEqual(expected)
}
