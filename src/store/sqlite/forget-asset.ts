import { createHash } from 'node:crypto'
import type { Act } from '../../domain/act.ts'
import { ID_PATTERN } from '../../domain/ids.ts'
import type { InTurn } from '../create-store.ts'
import { toRun } from './rows.ts'
import type { Statements } from './statements.ts'
import type { Tallies } from './tallies.ts'

type Writer = { statements: Statements; tallies: Tallies }

/** Acts rewritten in one transaction: few enough that no delivery waits for long. */
const ACTS_AT_ONCE = 1_000

/** Submissions read or deleted in one transaction, which takes about 15 ms. */
const SUBMISSIONS_AT_ONCE = 50

/** What is known of an asset while it is forgotten. `ids` are those of its submissions and runs, also of those deleted already. */
type Forgetting = { fileId: string; at: number; ids: Set<string>; hide: (text: string) => string }

/**
 * What refers to a submission goes with it; what operators did about it stays, without a name. The audit log is rewritten
 * first, in transactions of its own. Then the oldest submissions are deleted, again in several transactions, and last those that
 * make up the status: if the process dies in between, the asset is still there with its status, and can be forgotten again.
 */
export async function forgetAsset(
  writer: Writer,
  inTurn: InTurn,
  fileId: string,
  act: Act,
): Promise<boolean> {
  const { statements } = writer
  const known = statements.listSubmissionsOfFile.all({ fileId }).map(({ seq }) => seq)
  if (known.length === 0 && statements.findOfFile.get({ fileId }) === undefined) return false
  const pieces = piecesOf(known)
  const ids = new Set<string>()
  for (const piece of pieces)
    for (const id of await inTurn(() => idsOf(listRows(statements, fileId, piece)))) ids.add(id)
  const forgetting = { fileId, at: act.at, ids, hide: createHiding(fileId, ids) }
  const newest = statements.listActs.get({ before: Number.MAX_SAFE_INTEGER, limit: 1 })?.seq ?? 0
  for (let after = 0; after < newest; )
    after = await inTurn(() => hideMentions(statements, forgetting.hide, after) ?? newest)
  for (const piece of pieces.slice(0, -1))
    await inTurn(() => {
      removeReplaced(writer, forgetting, piece)
      hideMentionsSince(statements, forgetting.hide, newest)
    })
  return inTurn(() => {
    removeAsset(writer, forgetting, act)
    hideMentionsSince(statements, forgetting.hide, newest)
    return true
  }, fileId)
}

/** Places of submissions, the oldest first, in pieces. */
type Piece = { after: number; upTo: number }

function piecesOf(seqs: readonly number[]): Piece[] {
  const sorted = seqs.toSorted((one, other) => one - other)
  const pieces: Piece[] = []
  for (let from = 0; from < sorted.length; from += SUBMISSIONS_AT_ONCE) {
    const upTo = sorted[from + SUBMISSIONS_AT_ONCE - 1] ?? Number.MAX_SAFE_INTEGER
    pieces.push({ after: sorted[from - 1] ?? 0, upTo })
  }
  return pieces
}

/** Deletes the submissions of a piece, except for those that the asset's status is made of. */
function removeReplaced(writer: Writer, forgetting: Forgetting, piece: Piece): void {
  const { statements } = writer
  const { fileId } = forgetting
  const current = new Set(
    statements.listCurrentRuns.all({ fileId }).map(({ submissionSeq }) => submissionSeq),
  )
  const rows = listRows(statements, fileId, piece).filter(({ submission }) => !current.has(submission.seq))
  removeSubmissions(writer, forgetting, rows)
}

function removeAsset(writer: Writer, forgetting: Forgetting, act: Act): void {
  const { statements } = writer
  const { fileId, at } = forgetting
  removeSubmissions(
    writer,
    forgetting,
    listRows(statements, fileId, { after: 0, upTo: Number.MAX_SAFE_INTEGER }),
  )
  statements.deleteCurrentRuns.run({ fileId })
  statements.insertForgotten.run({ digest: digestOf(fileId), at })
  const deliveries = [
    ...statements.deleteOfFile.all({ fileId }),
    ...statements.deleteRefusedNaming.all({ fileId }),
  ]
  for (const subject of [fileId, ...deliveries.map(({ deliveryId }) => deliveryId)])
    statements.hideSubject.run({ subject, digest: nameless(subject) })
  statements.insertAct.run({ ...act, subject: nameless(fileId) })
}

/** Their ids are recorded in the same transaction, so that their late webhooks are never unknown. */
function removeSubmissions(writer: Writer, { at, ids }: Forgetting, rows: readonly Row[]): void {
  const { statements, tallies } = writer
  const submissions = new Map(rows.map(({ submission }) => [submission.seq, submission.submissionId]))
  const runs = rows.flatMap(({ run, submission }) => (run ? [{ run, submission }] : []))
  const deliveryIds = deleteDeliveries(statements, submissions)
  for (const { run, submission } of runs)
    tallies.change({ run: toRun(run, submission.submissionId), groupId: run.groupId }, undefined)
  for (const [seq, submissionId] of submissions) {
    statements.deleteSubmission.run({ seq })
    statements.insertForgotten.run({ digest: digestOf(submissionId), at })
  }
  for (const subject of [...runs.map(({ run }) => run.runId), ...deliveryIds])
    statements.hideSubject.run({ subject, digest: nameless(subject) })
  for (const id of idsOf(rows)) ids.add(id)
  tallies.write()
}

type Row = ReturnType<typeof listRows>[number]

function listRows(statements: Statements, fileId: string, piece: Piece) {
  return statements.listAssetSubmissions.all({ fileId, ...piece })
}

/** The ids of submissions and their runs. */
function idsOf(rows: readonly Row[]): Set<string> {
  return new Set(
    rows.flatMap(({ submission, run }) => [submission.submissionId, ...(run ? [run.runId] : [])]),
  )
}

/** Whether a submission or an asset was forgotten. */
export function isForgotten(statements: Statements, id: string): boolean {
  return statements.findForgotten.get({ digest: digestOf(id) }) !== undefined
}

/** Returns the ids of all deliveries that go, now or with their submissions. */
function deleteDeliveries(statements: Statements, submissions: ReadonlyMap<number, string>): string[] {
  const ofSubmissions = [...submissions.keys()].flatMap((submissionSeq) =>
    statements.listIdsOfSubmission.all({ submissionSeq }),
  )
  const refused = [...submissions.values()].flatMap((submissionId) =>
    statements.deleteRefusedFor.all({ submissionId }),
  )
  return [...ofSubmissions, ...refused].map(({ deliveryId }) => deliveryId)
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

/** `newest` is the last act that is rewritten already; a few may have been written down since. */
function hideMentionsSince(statements: Statements, hide: (text: string) => string, newest: number): void {
  for (let after: number | undefined = newest; after !== undefined; )
    after = hideMentions(statements, hide, after)
}

/** A file may be called anything: only whole words name it, never a part of another id. */
function createHiding(fileId: string, ids: ReadonlySet<string>): (text: string) => string {
  const literal = fileId.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
  const name = new RegExp(String.raw`(?<![\p{L}\p{N}_-])${literal}(?![\p{L}\p{N}_-])`, 'gu')
  return (text) =>
    text.replace(name, () => nameless(fileId)).replace(ID_PATTERN, (id) => (ids.has(id) ? nameless(id) : id))
}

function nameless(id: string): string {
  return `sha256:${digestOf(id).toString('hex')}`
}

function digestOf(id: string): Buffer {
  return createHash('sha256').update(id).digest()
}
