import { expect } from 'vitest'
import { describeAsset } from '../../../src/domain/asset.ts'
import type { Store } from '../../../src/store/store.ts'
import { describeModelAsset } from './asset-rules.ts'
import type { KeptDelivery, Model, ModelSubmission } from './model.ts'
import { describeRun, finalWord } from './run-rules.ts'
import { idOf } from './step.ts'
import { describeSubmission } from './submission-rules.ts'
import { FILES } from './words.ts'

const EVER = 1_000_000
const SOMETIMES = [5, 10, EVER]
const ALL = 10_000

/** Everything that the store tells of what this sequence did is what the model tells. */
export async function compare(model: Model, store: Store): Promise<void> {
  for (const submission of model.submissions) await compareSubmission(submission, store)
  for (const file of FILES) await compareAsset(model, `${idOf(model, file)}`, store)
  for (const kept of model.kept) await compareDelivery(kept, store)
  for (const now of SOMETIMES) await compareDue(model, now, store)
  for (const now of SOMETIMES) await compareOwed(model, now, store)
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
async function compareDelivery({ deliveryId, receivedAt, body, isPruned }: KeptDelivery, store: Store) {
  const found = await store.findDelivery(deliveryId)
  expect(found).toMatchObject({ deliveryId, receivedAt })
  expect(found?.body?.toString() ?? null).toBe(isPruned ? null : body)
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
  const due = model.everyRun
    .filter((run) => !run.isGone && finalWord(run) === undefined && (run.dueAt ?? EVER + 1) <= now)
    .toSorted((one, other) => (one.dueAt ?? 0) - (other.dueAt ?? 0))
  const expected = due.map(({ runId, name, submission }) => ({
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
  const told = await Promise.all(
    ours.map(async (one) => ({ ...one, body: await store.findNotificationBody(one.notificationId) })),
  )
  const expected = model.owed
    .filter(({ dueAt }) => dueAt <= now)
    .toSorted((one, other) => model.everyRun.indexOf(one.run) - model.everyRun.indexOf(other.run))
    .toSorted((one, other) => one.dueAt - other.dueAt)
    .map(({ run, target, body, attempt, createdAt }) => {
      const notificationId = `msg_${run.runId}`
      return { notificationId, target, host: new URL(target).host, body, attempt, createdAt }
    })
  expect(told).toEqual(expected)
}
