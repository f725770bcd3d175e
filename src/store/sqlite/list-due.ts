import type { DueRun } from '../../domain/finding.ts'
import { type AssetSubmission, listAssetSubmissions } from './asset-submissions.ts'
import { toRun, toSubmission } from './rows.ts'
import type { Statements } from './statements.ts'

/** Of an asset with thousands of submissions, evidence is compared with the newest. */
const OTHERS = { limit: 100, before: null }

export function listDue(
  statements: Statements,
  now: number,
  limit: number,
  latest = Number.POSITIVE_INFINITY,
): DueRun[] {
  const assets = new Map<string, AssetSubmission[]>()
  const due = statements.listDueRuns.all({ now, limit })
  const misdated = statements.listMisdatedRuns.all({ latest, limit: limit - due.length })
  return [...due, ...misdated].map(({ run, submission: { seq, ...row } }) => {
    const { submissionId, fileId } = row
    const siblings = statements.listRuns
      .all({ submissionSeq: seq })
      .filter(({ runId }) => runId !== run.runId)
      .map(({ name }) => name)
    const related =
      fileId === null ? [] : (assets.get(fileId) ?? listAssetSubmissions(statements, fileId, OTHERS))
    if (fileId !== null) assets.set(fileId, related)
    const others = related
      .filter((other) => other.seq !== seq)
      .map(({ submission, runs, ...other }) => {
        const place: 'earlier' | 'later' = other.seq < seq ? 'earlier' : 'later'
        return { submission, runs, place }
      })
    return { run: toRun(run, submissionId), submission: toSubmission({ seq, ...row }), siblings, others }
  })
}
