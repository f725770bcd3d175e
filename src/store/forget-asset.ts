import { createHash } from 'node:crypto'
import type { AuditEntry } from '../domain/audit-entry.ts'
import { ID_PATTERN } from '../domain/ids.ts'
import type { JsonObject } from '../domain/json.ts'
import { notificationIdOf } from '../domain/notification.ts'
import { type CounterRows, foldCounters } from './fold-counters.ts'
import { type RemovalRows, removeSubmissions } from './remove-submissions.ts'
import type { Store } from './store.ts'
import type { Changed, RunReads, RunSeparately, Work } from './transaction-work.ts'

/** How many audit entries one transaction reads and rewrites: few, because webhooks wait for it. */
const ENTRIES_AT_ONCE = 1_000

/** How many submissions one transaction reads or deletes. */
const SUBMISSIONS_AT_ONCE = 50

type RewrittenEntry = { n: number; reason: string | null; details: JsonObject | null }

/** The database operations, most of them inside a transaction. */
export type ForgettingRows = RemovalRows & {
  isForgotten: (digest: Buffer) => Work<boolean>
  /** Oldest first. */
  listSubmissions: (fileId: string) => Work<number[]>
  /** Whether a recorded delivery names the file. Rejected ones don't count. */
  hasDelivery: (fileId: string) => Work<boolean>
  /** The ids of these submissions and of their runs. */
  listIds: (submissions: readonly number[]) => Work<string[]>
  /** The submissions of the asset's current runs. */
  listCurrentSubmissions: (fileId: string) => Work<number[]>
  /** The number of the newest audit entry; 0 if there is none. */
  findNewestEntry: () => Work<number>
  listEntries: (after: number, limit: number) => Work<RewrittenEntry[]>
  rewriteEntry: (entry: RewrittenEntry) => Work<void>
  /** Replaces the subject of audit entries, and deletes their reason and details. */
  hideSubject: (subject: string, replacement: string) => Work<void>
  insertEntry: (entry: AuditEntry) => Work<void>
  insertForgotten: (digest: Buffer, at: number) => Work<void>
  /** Deletes the asset's other rows, and returns the ids of the deliveries among them. */
  removeRest: (fileId: string) => Work<string[]>
}

/**
 * Deletes an asset, with all rows that refer to its submissions. Its audit entries stay, with hashes instead of its ids. Only the
 * ids of its deliveries stay where another entry mentions them in its reason or details. The audit log is rewritten first. Then
 * the oldest submissions are deleted, in several transactions, and last those that make up the status: if the process dies in
 * between, the asset still exists with its status, and an operator can forget the asset again.
 */
export function createForgetAsset(
  { read, emptyLog }: { read: RunReads<ForgettingRows>; emptyLog: () => Promise<void> },
  runSeparately: RunSeparately<ForgettingRows & CounterRows>,
): Store['forgetAsset'] {
  /** Returns false, and deletes nothing, for an unknown asset. */
  const remove = async (fileId: string, entry: AuditEntry): Promise<boolean> => {
    const known = await read((rows) => rows.listSubmissions(fileId))
    if (known.length === 0 && !(await read((rows) => rows.hasDelivery(fileId)))) return false
    const chunks = chunksOf(known)
    const asset: ForgottenAsset = { fileId, at: entry.at, ids: new Set() }
    for (const chunk of chunks)
      for (const id of await runSeparately((rows) => rows.listIds(chunk))) asset.ids.add(id)
    const newest = await read((rows) => rows.findNewestEntry())
    for (let after = 0; after < newest; )
      after = (await runSeparately((rows) => hideMentions(rows, asset, after))) ?? newest
    for (const chunk of chunks.slice(0, -1))
      await runSeparately((rows, changed) =>
        inOrder(removeOlder(rows, asset, chunk, changed), hideMentionsSince(rows, asset, newest)),
      )
    await runSeparately((rows, changed) => {
      changed.fileIds.add(fileId)
      return inOrder(removeAsset(rows, asset, entry, changed), hideMentionsSince(rows, asset, newest))
    })
    return true
  }
  return async (fileId, entry) => {
    const isKnown = await remove(fileId, entry)
    if (!(await read((rows) => rows.isForgotten(digestOf(fileId))))) return isKnown
    // The counter deltas contain the causes of the deleted failures until they are folded.
    while (await runSeparately((rows) => foldCounters(rows)));
    // Also for an asset that was forgotten before: this method is called again if emptying the log failed.
    await emptyLog()
    return isKnown
  }
}

/**
 * Deletes submissions, and stores the hashes of their ids in the same transaction, so that their late webhooks never count as
 * webhooks for an unknown submission.
 */
function* removeAndRecord(
  rows: ForgettingRows,
  { ids, at }: ForgottenAsset,
  submissions: readonly number[],
  changed: Changed,
): Work<void> {
  const { submissionIds, runIds, deliveryIds } = yield* removeSubmissions(rows, submissions, changed)
  for (const id of submissionIds) yield* rows.insertForgotten(digestOf(id), at)
  const notificationIds = runIds.map(notificationIdOf)
  for (const id of [...runIds, ...notificationIds, ...deliveryIds])
    yield* rows.hideSubject(id, pseudonymOf(id))
  for (const id of [...submissionIds, ...runIds]) ids.add(id)
}

/**
 * Replaces the ids in the texts of the audit entries after the number `after`. Returns where to continue; undefined at the end.
 */
function* hideMentions(
  rows: ForgettingRows,
  { fileId, ids }: ForgottenAsset,
  after: number,
): Work<number | undefined> {
  const entries = yield* rows.listEntries(after, ENTRIES_AT_ONCE)
  const replaceIds = createReplacer(fileId, ids)
  for (const { n, reason, details } of entries) {
    const written = JSON.stringify({ reason, details })
    const hidden = JSON.parse(written, (_, value) => (typeof value === 'string' ? replaceIds(value) : value))
    if (JSON.stringify(hidden) !== written) yield* rows.rewriteEntry({ n, ...hidden })
  }
  return entries.length < ENTRIES_AT_ONCE ? undefined : entries.at(-1)?.n
}

/** Replaces the ids in the few entries that may have been written after `newest`, the last one that was already rewritten. */
function* hideMentionsSince(rows: ForgettingRows, asset: ForgottenAsset, newest: number): Work<void> {
  for (let after: number | undefined = newest; after !== undefined; )
    after = yield* hideMentions(rows, asset, after)
}

/** Deletes the submissions of the chunk, except those of current runs. */
function* removeOlder(
  rows: ForgettingRows,
  asset: ForgottenAsset,
  chunk: readonly number[],
  changed: Changed,
): Work<void> {
  const current = new Set(yield* rows.listCurrentSubmissions(asset.fileId))
  const older = chunk.filter((n) => !current.has(n))
  yield* removeAndRecord(rows, asset, older, changed)
}

function* removeAsset(
  rows: ForgettingRows,
  asset: ForgottenAsset,
  entry: AuditEntry,
  changed: Changed,
): Work<void> {
  const { fileId, at } = asset
  yield* removeAndRecord(rows, asset, yield* rows.listSubmissions(fileId), changed)
  yield* rows.insertForgotten(digestOf(fileId), at)
  const deliveryIds = yield* rows.removeRest(fileId)
  for (const id of [fileId, ...deliveryIds]) yield* rows.hideSubject(id, pseudonymOf(id))
  yield* rows.insertEntry({ ...entry, subject: pseudonymOf(fileId) })
}

function* inOrder(...works: Work<void>[]): Work<void> {
  for (const work of works) yield* work
}

/** The asset that is being forgotten. `at`: when this was requested. `ids`: the ids of its submissions and runs, including deleted ones. */
type ForgottenAsset = { fileId: string; at: number; ids: Set<string> }

function chunksOf(submissions: readonly number[]): number[][] {
  const chunks: number[][] = []
  for (let from = 0; from < submissions.length; from += SUBMISSIONS_AT_ONCE)
    chunks.push(submissions.slice(from, from + SUBMISSIONS_AT_ONCE))
  return chunks
}

/**
 * Returns a function that replaces the file id and these ids in a text by pseudonyms. A file id may be any text, so it is
 * replaced only where it is a whole word, never as part of another id.
 */
function createReplacer(fileId: string, ids: ReadonlySet<string>): (text: string) => string {
  const literal = fileId.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
  const wholeFileId = new RegExp(String.raw`(?<![\p{L}\p{N}_-])${literal}(?![\p{L}\p{N}_-])`, 'gu')
  return (text) =>
    text
      .replace(wholeFileId, () => pseudonymOf(fileId))
      .replace(ID_PATTERN, (id) => (ids.has(id) ? pseudonymOf(id) : id))
}

function pseudonymOf(id: string): string {
  return `sha256:${digestOf(id).toString('hex')}`
}

/** The hash that is stored instead of the id of a forgotten asset, or of its submissions, runs, deliveries and notifications. */
export function digestOf(id: string): Buffer {
  return createHash('sha256').update(id).digest()
}
