import { createHash } from 'node:crypto'
import type { Act } from '../../domain/act.ts'
import { recordAct } from './act-steps.ts'
import { toRun } from './rows.ts'
import type { Statements } from './statements.ts'
import type { Writer } from './stored-submission.ts'

/** What refers to a submission goes with it; what operators did about it stays, without a name. */
export function forgetAsset(writer: Writer, fileId: string, act: Act): boolean {
  const { statements, tallies } = writer
  const rows = statements.listAssetSubmissions.all({ fileId })
  const { changes } = statements.deleteOfFile.run({ fileId })
  if (rows.length === 0 && changes === 0) return false
  const submissions = new Map(rows.map(({ submission }) => [submission.seq, submission.submissionId]))
  for (const { run, submission } of rows) {
    if (run === null) continue
    if (run.groupId !== null) tallies.change(toRun(run, submission.submissionId), undefined)
    hide(statements, run.runId)
  }
  for (const [seq, submissionId] of submissions) {
    statements.deleteSubmission.run({ seq })
    statements.insertForgotten.run({ digest: digestOf(submissionId), at: act.at })
    statements.deleteRefusedAbout.run({ text: submissionId })
  }
  statements.deleteRefusedAbout.run({ text: fileId })
  hide(statements, fileId)
  recordAct(statements, { ...act, subject: nameless(fileId) })
  return true
}

export function isForgotten(statements: Statements, submissionId: string): boolean {
  return statements.findForgotten.get({ digest: digestOf(submissionId) }) !== undefined
}

function hide(statements: Statements, subject: string): void {
  statements.hideSubject.run({ subject, digest: nameless(subject) })
}

function nameless(id: string): string {
  return `sha256:${digestOf(id).toString('hex')}`
}

function digestOf(id: string): Buffer {
  return createHash('sha256').update(id).digest()
}
