import { KIND, OUTCOME, STATE } from '../../src/store/sql/codes.ts'
import { readRows, type TestDatabase } from '../support/database.ts'
import type { SubmissionView } from '../support/uploads.ts'
import { payload, type Told, tellWord } from './load.ts'

/** What the service has not, though it had answered that it has it. */
export async function listLost(url: string, told: readonly Told[]): Promise<string[]> {
  const statuses = await statusesOf(url, told)
  const checked = told.map(async ({ fileId, submissionId, word, isAcknowledged }) => {
    const status = statuses.get(fileId)
    if (isAcknowledged) return status === word ? null : `${fileId}: told ${word}, found ${status}`
    if (submissionId === null) return null
    const answer = await fetch(`${url}/submissions/${submissionId}`)
    if (answer.status !== 200) return `${fileId}: submission ${submissionId} answers ${answer.status}`
    const submission = (await answer.json()) as SubmissionView
    const isAnswered = submission.kind !== 'upload' || submission.state === 'accepted'
    if (submission.fileId === fileId && isAnswered) return null
    return `${fileId}: submission ${submissionId} is ${submission.state} of ${submission.fileId}`
  })
  return (await Promise.all(checked)).filter((line) => line !== null)
}

/** Tells again what was not acknowledged, as ImageKit does; returns what that did not bring to its final status. */
export async function settleRest(url: string, told: readonly Told[]): Promise<string[]> {
  const rest = told.filter(({ isAcknowledged }) => !isAcknowledged)
  const outcomes = await Promise.all(
    rest.map(async (one) => ({ fileId: one.fileId, outcome: await tellWord(one) })),
  )
  const refused = outcomes.filter(({ outcome }) => outcome !== 'applied' && outcome !== 'duplicate')
  return [
    ...refused.map(({ fileId, outcome }) => `${fileId}: told again, it was ${outcome}`),
    ...(await listLost(url, rest)),
  ]
}

type Applied = { fileId: string; status: string; settles: number; body: Buffer | null }

/**
 * What the tables of a whole run lack: every word has its one delivery that took effect, which its run names, and whose body
 * says what was told; and no upload is left open.
 */
export async function listMissingRows(database: TestDatabase, told: readonly Told[]): Promise<string[]> {
  const applied = await readRows<Applied>(
    database,
    `SELECT s.file_id AS "fileId", r.status AS status, r.settled_by = d.n AS settles, b.body AS body
     FROM deliveries d LEFT JOIN runs r ON r.n = d.run LEFT JOIN submissions s ON s.n = r.submission
     LEFT JOIN delivery_bodies b ON b.n = d.n WHERE d.outcome = ${OUTCOME.to.applied}`,
  )
  const found = new Map<string, Applied[]>()
  for (const one of applied) found.set(one.fileId, [...(found.get(one.fileId) ?? []), one])
  const open = await readRows<{ n: number }>(
    database,
    `SELECT n, owner, state FROM submissions
     WHERE kind = ${KIND.to.upload} AND (state = ${STATE.to.submitting} OR owner IS NOT NULL)`,
  )
  return [
    ...told.flatMap((one) => describeEffect(one, found.get(one.fileId) ?? []) ?? []),
    ...open.map(({ n }) => `submission ${n}: still submitting`),
  ]
}

function describeEffect(one: Told, applied: readonly Applied[]): string | null {
  const [first] = applied
  if (first === undefined || applied.length > 1)
    return `${one.fileId}: ${applied.length} deliveries took effect`
  if (first.settles !== 1) return `${one.fileId}: its run names another delivery`
  if (first.status !== one.word) return `${one.fileId}: told ${one.word}, its run is ${first.status}`
  return first.body?.toString() === JSON.stringify(payload(one))
    ? null
    : `${one.fileId}: not the body it was told with`
}

async function statusesOf(url: string, told: readonly Told[]): Promise<Map<string, string>> {
  const statuses = new Map<string, string>()
  for (let at = 0; at < told.length; at += 100) {
    const query = told.slice(at, at + 100).map(({ fileId }) => `fileId=${fileId}`)
    const answer = await fetch(`${url}/assets/status?${query.join('&')}`)
    const { assets } = (await answer.json()) as { assets: { fileId: string; status: string }[] }
    for (const asset of assets) statuses.set(asset.fileId, asset.status)
  }
  return statuses
}
