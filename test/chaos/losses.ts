import { KIND, OUTCOME, STATE } from '../../src/store/sql/codes.ts'
import { readRows, type TestDatabase } from '../support/database.ts'
import type { SubmissionView } from '../support/uploads.ts'
import { payload, type SentSubmission, sendResult } from './load.ts'

/**
 * Lists the files for which the service does not have what it acknowledged: the result in a webhook that got 200, otherwise the
 * submission.
 */
export async function listLost(url: string, uploads: readonly SentSubmission[]): Promise<string[]> {
  const statuses = await statusesOf(url, uploads)
  const checked = uploads.map(async ({ fileId, submissionId, result, isAcknowledged }) => {
    const status = statuses.get(fileId)
    if (isAcknowledged) return status === result ? null : `${fileId}: sent ${result}, found ${status}`
    if (submissionId === null) return null
    const response = await fetch(`${url}/submissions/${submissionId}`)
    if (response.status !== 200) return `${fileId}: submission ${submissionId} returns ${response.status}`
    const submission = (await response.json()) as SubmissionView
    // A registered submission stays `submitting`, because these callers do not report ImageKit's response to it.
    const hasExpectedState = submission.kind !== 'upload' || submission.state === 'accepted'
    if (submission.fileId === fileId && hasExpectedState) return null
    return `${fileId}: submission ${submissionId} has state ${submission.state} and file ${submission.fileId}`
  })
  return (await Promise.all(checked)).filter((line) => line !== null)
}

/**
 * Sends again, as ImageKit does, the webhooks that were not acknowledged. Lists those that were neither applied nor duplicates, and
 * those whose file does not have their result.
 */
export async function settleRest(url: string, uploads: readonly SentSubmission[]): Promise<string[]> {
  const rest = uploads.filter(({ isAcknowledged }) => !isAcknowledged)
  const outcomes = await Promise.all(
    rest.map(async (one) => ({ fileId: one.fileId, outcome: await sendResult(one) })),
  )
  const unsettled = outcomes.filter(({ outcome }) => outcome !== 'applied' && outcome !== 'duplicate')
  return [
    ...unsettled.map(({ fileId, outcome }) => `${fileId}: sent again, its outcome was ${outcome}`),
    ...(await listLost(url, rest)),
  ]
}

/** An applied delivery. `settles`: 1 if it settled its run. `status`: that of the run. */
type Applied = { fileId: string; status: string; settles: number; body: Buffer | null }

/**
 * Lists what is missing or wrong in the tables at the end of a test. Each webhook must have exactly one applied delivery, with the
 * body that was sent. Its run must refer to this delivery and have its result. No upload may still be in progress.
 */
export async function listMissingRows(
  database: TestDatabase,
  uploads: readonly SentSubmission[],
): Promise<string[]> {
  const applied = await readRows<Applied>(
    database,
    `SELECT s.file_id AS "fileId", r.status AS status, r.settled_by = d.n AS settles, b.body AS body
     FROM deliveries d LEFT JOIN runs r ON r.n = d.run LEFT JOIN submissions s ON s.n = r.submission
     LEFT JOIN delivery_bodies b ON b.n = d.n WHERE d.outcome = ${OUTCOME.to.applied}`,
  )
  const found = new Map<string, Applied[]>()
  for (const one of applied) found.set(one.fileId, [...(found.get(one.fileId) ?? []), one])
  const unfinished = await readRows<{ n: number }>(
    database,
    `SELECT n, owner, state FROM submissions
     WHERE kind = ${KIND.to.upload} AND (state = ${STATE.to.submitting} OR owner IS NOT NULL)`,
  )
  return [
    ...uploads.flatMap((one) => findProblem(one, found.get(one.fileId) ?? []) ?? []),
    ...unfinished.map(({ n }) => `submission ${n}: still in progress`),
  ]
}

function findProblem(one: SentSubmission, applied: readonly Applied[]): string | null {
  const [first] = applied
  if (first === undefined || applied.length > 1)
    return `${one.fileId}: ${applied.length} deliveries were applied`
  if (first.settles !== 1) return `${one.fileId}: its run refers to another delivery`
  if (first.status !== one.result) return `${one.fileId}: sent ${one.result}, its run is ${first.status}`
  return first.body?.toString() === JSON.stringify(payload(one))
    ? null
    : `${one.fileId}: not the body that was sent`
}

async function statusesOf(url: string, uploads: readonly SentSubmission[]): Promise<Map<string, string>> {
  const statuses = new Map<string, string>()
  for (let at = 0; at < uploads.length; at += 100) {
    const query = uploads.slice(at, at + 100).map(({ fileId }) => `fileId=${fileId}`)
    const response = await fetch(`${url}/assets/status?${query.join('&')}`)
    const { assets } = (await response.json()) as { assets: { fileId: string; status: string }[] }
    for (const asset of assets) statuses.set(asset.fileId, asset.status)
  }
  return statuses
}
