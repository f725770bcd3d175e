import { readRows } from '../support/signed-webhooks.ts'
import type { SubmissionView } from '../support/uploads.ts'
import { type Told, tellWord } from './load.ts'

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

/** What the tables of a whole run lack: every word has its one delivery that took effect, and no upload is left open. */
export function listMissingRows(directory: string, told: readonly Told[]): string[] {
  const applied = readColumn(directory, `SELECT file_id FROM deliveries WHERE outcome = 'applied'`)
  const times = new Map<unknown, number>()
  for (const fileId of applied) times.set(fileId, (times.get(fileId) ?? 0) + 1)
  const wrong = told.filter(({ fileId }) => times.get(fileId) !== 1)
  const open = readColumn(
    directory,
    `SELECT submission_id FROM submissions WHERE kind = 'upload' AND state = 'submitting'`,
  )
  return [
    ...wrong.map(({ fileId }) => `${fileId}: ${times.get(fileId) ?? 0} deliveries took effect`),
    ...open.map((submissionId) => `${String(submissionId)}: still submitting`),
  ]
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

function readColumn(directory: string, sql: string): unknown[] {
  return readRows(directory, sql).flatMap((row) => Object.values(row as object))
}
