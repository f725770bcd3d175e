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
  const submissions = new Map(rows.map(({ submission }) => [submission.seq, submission.submissionId]))
  const runs = rows.flatMap(({ run, submission }) => (run ? [{ run, submission }] : []))
  const runIds = runs.map(({ run }) => run.runId)
  const deliveryIds = deleteDeliveries(statements, fileId, submissions)
  if (rows.length === 0 && deliveryIds.length === 0) return false
  for (const { run, submission } of runs)
    tallies.change({ run: toRun(run, submission.submissionId), groupId: run.groupId }, undefined)
  for (const seq of submissions.keys()) statements.deleteSubmission.run({ seq })
  for (const id of [fileId, ...submissions.values()])
    statements.insertForgotten.run({ digest: digestOf(id), at: act.at })

  for (const id of [fileId, ...runIds, ...deliveryIds])
    statements.hideSubject.run({ subject: id, digest: nameless(id) })
  recordAct(statements, { ...act, subject: nameless(fileId) })
  hideMentions(statements, new Set([fileId, ...submissions.values(), ...runIds]))
  return true
}

/** Whether a submission or an asset was forgotten. */
export function isForgotten(statements: Statements, id: string): boolean {
  return statements.findForgotten.get({ digest: digestOf(id) }) !== undefined
}

/** Returns the ids of all deliveries that go, now or with their submissions. */
function deleteDeliveries(
  statements: Statements,
  fileId: string,
  submissions: ReadonlyMap<number, string>,
): string[] {
  const ofFile = statements.deleteOfFile.all({ fileId })
  const ofSubmissions = [...submissions.keys()].flatMap((submissionSeq) =>
    statements.listIdsOfSubmission.all({ submissionSeq }),
  )
  const refused = [...submissions.values()].flatMap((submissionId) =>
    statements.deleteRefusedFor.all({ submissionId }),
  )
  const naming = statements.deleteRefusedNaming.all({ fileId })
  return [...ofFile, ...ofSubmissions, ...refused, ...naming].map(({ deliveryId }) => deliveryId)
}

const ACTS_AT_ONCE = 500

/** Of what operators wrote themselves, and of acts on many, only the names go: of the details, from their texts alone. */
function hideMentions(statements: Statements, ids: ReadonlySet<string>): void {
  const hide = createHiding(ids)
  for (let before: number | undefined = Number.MAX_SAFE_INTEGER; before !== undefined; ) {
    const acts: ReturnType<Statements['listActs']['all']> = statements.listActs.all({
      before,
      limit: ACTS_AT_ONCE,
    })
    for (const { seq, reason, details } of acts) {
      const written = JSON.stringify({ reason, details })
      const hidden = JSON.parse(written, (_, value) => (typeof value === 'string' ? hide(value) : value))
      if (JSON.stringify(hidden) !== written) statements.rewriteAct.run({ seq, ...hidden })
    }
    before = acts.at(-1)?.seq
  }
}

/** There may be thousands of acts, and of ids: most texts are ids themselves, and no id is looked for in what is no longer. */
function createHiding(ids: ReadonlySet<string>): (text: string) => string {
  const shortestFirst = [...ids].toSorted((one, other) => one.length - other.length)
  return (text) => {
    if (ids.has(text)) return nameless(text)
    let hidden = text
    for (const id of shortestFirst) {
      if (id.length >= text.length) break
      if (text.includes(id)) hidden = hidden.replaceAll(id, nameless(id))
    }
    return hidden
  }
}

function nameless(id: string): string {
  return `sha256:${digestOf(id).toString('hex')}`
}

function digestOf(id: string): Buffer {
  return createHash('sha256').update(id).digest()
}
