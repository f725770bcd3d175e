import { createHash } from 'node:crypto'
import type { Act } from '../../domain/act.ts'
import { recordAct } from './act-steps.ts'
import type { CommitQueue } from './commit-queue.ts'
import { toRun } from './rows.ts'
import type { Statements } from './statements.ts'
import type { Writer } from './stored-submission.ts'

/** So few acts are rewritten in one step that no delivery waits for long. */
const ACTS_AT_ONCE = 1_000

/**
 * What refers to a submission goes with it; what operators did about it stays, without a name. The audit log is rewritten
 * first, in steps of its own: where the process dies in between, the asset is still there and can be forgotten again.
 */
export async function forgetAsset(
  writer: Writer,
  commit: CommitQueue['commit'],
  fileId: string,
  act: Act,
): Promise<boolean> {
  const { statements } = writer
  const isKnown =
    statements.listSubmissionsOfFile.all({ fileId }).length > 0 ||
    statements.findOfFile.get({ fileId }) !== undefined
  if (!isKnown) return false
  const hide = createHiding(fileId, idsOf(statements, fileId))
  const newest = statements.listActs.get({ before: Number.MAX_SAFE_INTEGER, limit: 1 })?.seq ?? 0
  for (let after = 0; after < newest; )
    after = await commit(() => hideMentions(statements, hide, after) ?? newest)
  return commit(() => removeAsset(writer, fileId, act, newest))
}

/** `lastHidden` is the last act that is rewritten already; a few may have been written down since. */
function removeAsset(writer: Writer, fileId: string, act: Act, lastHidden: number): boolean {
  const { statements, tallies } = writer
  const rows = statements.listAssetSubmissions.all({ fileId })
  const submissions = new Map(rows.map(({ submission }) => [submission.seq, submission.submissionId]))
  const runs = rows.flatMap(({ run, submission }) => (run ? [{ run, submission }] : []))
  const runIds = runs.map(({ run }) => run.runId)
  const deliveryIds = deleteDeliveries(statements, fileId, submissions)
  for (const { run, submission } of runs)
    tallies.change({ run: toRun(run, submission.submissionId), groupId: run.groupId }, undefined)
  for (const seq of submissions.keys()) statements.deleteSubmission.run({ seq })
  statements.deleteCurrentRuns.run({ fileId })
  for (const id of [fileId, ...submissions.values()])
    statements.insertForgotten.run({ digest: digestOf(id), at: act.at })

  for (const id of [fileId, ...runIds, ...deliveryIds])
    statements.hideSubject.run({ subject: id, digest: nameless(id) })
  recordAct(statements, { ...act, subject: nameless(fileId) })
  const hide = createHiding(fileId, new Set([...submissions.values(), ...runIds]))
  for (let after: number | undefined = lastHidden; after !== undefined; )
    after = hideMentions(statements, hide, after)
  return true
}

/** The submissions and runs of an asset. */
function idsOf(statements: Statements, fileId: string): Set<string> {
  const rows = statements.listAssetSubmissions.all({ fileId })
  return new Set(
    rows.flatMap(({ submission, run }) => [submission.submissionId, ...(run ? [run.runId] : [])]),
  )
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

/**
 * Of what operators wrote themselves, and of acts on many, only the names go: of the details, from their texts alone. Returns
 * where to go on, undefined at the end.
 */
function hideMentions(
  statements: Statements,
  hide: (text: string) => string,
  after: number,
): number | undefined {
  const acts = statements.listActsAfter.all({ after, limit: ACTS_AT_ONCE })
  for (const { seq, reason, details } of acts) {
    const written = JSON.stringify({ reason, details })
    const hidden = JSON.parse(written, (_, value) => (typeof value === 'string' ? hide(value) : value))
    if (JSON.stringify(hidden) !== written) statements.rewriteAct.run({ seq, ...hidden })
  }
  return acts.length < ACTS_AT_ONCE ? undefined : acts.at(-1)?.seq
}

/** The ids of submissions and runs are UUIDs. A file may be called anything: only whole words name it, never a part of another id. */
function createHiding(fileId: string, ids: ReadonlySet<string>): (text: string) => string {
  const literal = fileId.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
  const name = new RegExp(String.raw`(?<![\p{L}\p{N}_-])${literal}(?![\p{L}\p{N}_-])`, 'gu')
  return (text) =>
    text.replace(name, () => nameless(fileId)).replace(UUID, (id) => (ids.has(id) ? nameless(id) : id))
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

function nameless(id: string): string {
  return `sha256:${digestOf(id).toString('hex')}`
}

function digestOf(id: string): Buffer {
  return createHash('sha256').update(id).digest()
}
