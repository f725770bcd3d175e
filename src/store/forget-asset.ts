import { createHash } from 'node:crypto'
import type { AuditEntry } from '../domain/audit-entry.ts'
import { ID_PATTERN } from '../domain/ids.ts'
import type { JsonObject } from '../domain/json.ts'
import { type CounterRows, foldCounters } from './fold-counters.ts'
import { type RemovalRows, removeSubmissions } from './remove-submissions.ts'
import type { Store } from './store.ts'
import type { Changed, RunExclusive, RunReads, Work } from './transaction-work.ts'

/** Audit entries rewritten in one transaction: few enough that no webhook waits for long. */
const ENTRIES_AT_ONCE = 1_000

/** Submissions read or deleted in one transaction. */
const SUBMISSIONS_AT_ONCE = 50

type KeptEntry = { n: number; reason: string | null; details: JsonObject | null }

/** What a database does for it, most of it inside a transaction. */
export type ForgettingRows = RemovalRows & {
  isForgotten: (digest: Buffer) => Work<boolean>
  /** The oldest first. */
  listSubmissions: (fileId: string) => Work<number[]>
  hasDelivery: (fileId: string) => Work<boolean>
  /** The ids of submissions and of their runs. */
  listIds: (submissions: readonly number[]) => Work<string[]>
  /** The submissions of the asset's current runs. */
  listCurrent: (fileId: string) => Work<number[]>
  /** The number of the newest audit entry; 0 without any. */
  findNewestEntry: () => Work<number>
  listEntries: (after: number, limit: number) => Work<KeptEntry[]>
  rewriteEntry: (entry: KeptEntry) => Work<void>
  /** Replaces the subject of audit entries, and deletes their reason and details. */
  hideSubject: (subject: string, replacement: string) => Work<void>
  insertEntry: (entry: AuditEntry) => Work<void>
  insertForgotten: (digest: Buffer, at: number) => Work<void>
  /** Deletes what else there is of the asset, and returns the ids of the deliveries among it. */
  removeRest: (fileId: string) => Work<string[]>
}

/**
 * Deletes an asset. What refers to a submission goes with it; what operators did about it stays, without a name. The audit log
 * is rewritten first. Then the oldest submissions are deleted, in several transactions, and last those that make up the status:
 * if the process dies in between, the asset is still there with its status, and can be forgotten again.
 */
export function createForgetting(
  { read, emptyLog }: { read: RunReads<ForgettingRows>; emptyLog: () => Promise<void> },
  runExclusive: RunExclusive<ForgettingRows & CounterRows>,
): Store['forgetAsset'] {
  /** Returns false, and deletes nothing, for an unknown asset. */
  const remove = async (fileId: string, act: AuditEntry): Promise<boolean> => {
    const known = await read((rows) => rows.listSubmissions(fileId))
    if (known.length === 0 && !(await read((rows) => rows.hasDelivery(fileId)))) return false
    const pieces = piecesOf(known)
    const forgetting: Forgetting = { fileId, at: act.at, ids: new Set() }
    for (const piece of pieces)
      for (const id of await runExclusive((rows) => rows.listIds(piece))) forgetting.ids.add(id)
    const newest = await read((rows) => rows.findNewestEntry())
    for (let after = 0; after < newest; )
      after = (await runExclusive((rows) => hideMentions(rows, forgetting, after))) ?? newest
    for (const piece of pieces.slice(0, -1))
      await runExclusive((rows, changed) =>
        inOrder(removeOlder(rows, forgetting, piece, changed), hideMentionsSince(rows, forgetting, newest)),
      )
    await runExclusive((rows, changed) => {
      changed.fileIds.add(fileId)
      return inOrder(removeAsset(rows, forgetting, act, changed), hideMentionsSince(rows, forgetting, newest))
    })
    return true
  }
  return async (fileId, act) => {
    const isKnown = await remove(fileId, act)
    if (!(await read((rows) => rows.isForgotten(digestOf(fileId))))) return isKnown
    // What was counted and taken back names the causes of failures until it is added up.
    while (await runExclusive((rows) => foldCounters(rows)));
    // Asked for again where it failed, too.
    await emptyLog()
    return isKnown
  }
}

/** Their ids are recorded in the same transaction, so that their late webhooks are never unknown. */
function* removeAndRecord(
  rows: ForgettingRows,
  { ids, at }: Forgetting,
  submissions: readonly number[],
  changed: Changed,
): Work<void> {
  const { submissionIds, runIds, deliveryIds } = yield* removeSubmissions(rows, submissions, changed)
  for (const id of submissionIds) yield* rows.insertForgotten(digestOf(id), at)
  for (const id of [...runIds, ...deliveryIds]) yield* rows.hideSubject(id, nameless(id))
  for (const id of [...submissionIds, ...runIds]) ids.add(id)
}
/** Replaces the names in the texts of audit entries behind `after`. Returns where to go on; undefined at the end. */
function* hideMentions(
  rows: ForgettingRows,
  { fileId, ids }: Forgetting,
  after: number,
): Work<number | undefined> {
  const entries = yield* rows.listEntries(after, ENTRIES_AT_ONCE)
  const hideIn = createHiding(fileId, ids)
  for (const { n, reason, details } of entries) {
    const written = JSON.stringify({ reason, details })
    const hidden = JSON.parse(written, (_, value) => (typeof value === 'string' ? hideIn(value) : value))
    if (JSON.stringify(hidden) !== written) yield* rows.rewriteEntry({ n, ...hidden })
  }
  return entries.length < ENTRIES_AT_ONCE ? undefined : entries.at(-1)?.n
}
/** `newest` is the last entry that is rewritten already; a few may have been written since. */
function* hideMentionsSince(rows: ForgettingRows, forgetting: Forgetting, newest: number): Work<void> {
  for (let after: number | undefined = newest; after !== undefined; )
    after = yield* hideMentions(rows, forgetting, after)
}
function* removeOlder(
  rows: ForgettingRows,
  forgetting: Forgetting,
  piece: readonly number[],
  changed: Changed,
): Work<void> {
  const current = new Set(yield* rows.listCurrent(forgetting.fileId))
  const older = piece.filter((n) => !current.has(n))
  yield* removeAndRecord(rows, forgetting, older, changed)
}
function* removeAsset(
  rows: ForgettingRows,
  forgetting: Forgetting,
  act: AuditEntry,
  changed: Changed,
): Work<void> {
  const { fileId, at } = forgetting
  yield* removeAndRecord(rows, forgetting, yield* rows.listSubmissions(fileId), changed)
  yield* rows.insertForgotten(digestOf(fileId), at)
  const deliveryIds = yield* rows.removeRest(fileId)
  for (const id of [fileId, ...deliveryIds]) yield* rows.hideSubject(id, nameless(id))
  yield* rows.insertEntry({ ...act, subject: nameless(fileId) })
}
function* inOrder(...works: Work<void>[]): Work<void> {
  for (const work of works) yield* work
}

/** What is known of an asset while it is forgotten. `ids` are those of its submissions and runs, also of those deleted already. */
type Forgetting = { fileId: string; at: number; ids: Set<string> }

function piecesOf(submissions: readonly number[]): number[][] {
  const pieces: number[][] = []
  for (let from = 0; from < submissions.length; from += SUBMISSIONS_AT_ONCE)
    pieces.push(submissions.slice(from, from + SUBMISSIONS_AT_ONCE))
  return pieces
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

/** What is kept of the id of a submission or an asset that was forgotten. */
export function digestOf(id: string): Buffer {
  return createHash('sha256').update(id).digest()
}
