import type { AuditEntry } from '../../domain/audit-entry.ts'
import { formatId, ID_PATTERN } from '../../domain/ids.ts'
import type { RunExclusive } from '../create-store.ts'
import type { Connection } from './connection.ts'
import { createCurrentRuns } from './current-runs.ts'
import { digestOf } from './load-rows.ts'
import type { ActRow } from './operator-reads.ts'
import { createRemoval } from './removal.ts'
import { writeJson } from './rows.ts'

/** Audit entries rewritten in one transaction: few enough that no webhook waits for long. */
const ENTRIES_AT_ONCE = 1_000

/** Submissions read or deleted in one transaction. */
const SUBMISSIONS_AT_ONCE = 50

/**
 * Deletes an asset. What refers to a submission goes with it; what operators did about it stays, without a name. The audit log
 * is rewritten first. Then the oldest submissions are deleted, in several transactions, and last those that make up the status:
 * if the process dies in between, the asset is still there with its status, and can be forgotten again.
 */
export function createForgetting(connection: Connection) {
  const run = (sql: string) => {
    const statement = connection.prepare<unknown[]>(sql)
    return (...params: unknown[]) => void statement.run(...params)
  }
  const listSubmissions = connection
    .prepare<[string], number>('SELECT n FROM submissions WHERE file_id = ? ORDER BY n')
    .pluck()
  const findDelivery = connection
    .prepare<[string], number>('SELECT n FROM deliveries WHERE file_id = ? LIMIT 1')
    .pluck()
  const listIds = connection
    .prepare<[string], [submission: number, check: string, run: number | null, runCheck: string | null]>(
      `SELECT s.n, s.chk, r.n, r.chk FROM submissions s LEFT JOIN runs r ON r.submission = s.n
        WHERE s.n IN (SELECT value FROM json_each(?))`,
    )
    .raw()
  const listCurrent = connection
    .prepare<[string], number>(
      'SELECT r.submission FROM current_runs c JOIN runs r ON r.n = c.run WHERE c.file_id = ?',
    )
    .pluck()
  const findNewestEntry = connection.prepare<[], number | null>('SELECT max(n) FROM audit_log').pluck()
  const listEntries = connection.prepare<[number, number], ActRow>(
    'SELECT * FROM audit_log WHERE n > ? ORDER BY n LIMIT ?',
  )
  const rewriteEntry = run('UPDATE audit_log SET reason = ?, details = ? WHERE n = ?')
  const hideSubject = run('UPDATE audit_log SET subject = ?, reason = NULL, details = NULL WHERE subject = ?')
  const insertEntry = run(
    'INSERT INTO audit_log (at, actor, kind, subject, reason, details) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const insertForgotten = run('INSERT OR IGNORE INTO forgotten (digest, at) VALUES (?, ?)')
  const deleteCurrent = run('DELETE FROM current_runs WHERE file_id = ?')
  const deleteBodies = run(
    'DELETE FROM delivery_bodies WHERE n IN (SELECT n FROM deliveries WHERE file_id = ?)',
  )
  const deleteDeliveries = connection
    .prepare<[string], [n: number, chk: string]>('DELETE FROM deliveries WHERE file_id = ? RETURNING n, chk')
    .raw()
  const deleteRejected = connection
    .prepare<[string], [n: number, chk: string]>(
      'DELETE FROM rejected_deliveries WHERE file_id = ? RETURNING n, chk',
    )
    .raw()
  const isForgotten = connection.prepare<[Buffer], number>('SELECT 1 FROM forgotten WHERE digest = ?').pluck()
  const remove = createRemoval(connection, createCurrentRuns(connection))

  const idsOf = (submissions: readonly number[]): string[] =>
    listIds
      .all(JSON.stringify(submissions))
      .flatMap(([n, chk, runNumber, runCheck]) => [
        formatId('sub', n, chk),
        ...(runNumber === null || runCheck === null ? [] : [formatId('run', runNumber, runCheck)]),
      ])
  const hide = (subject: string) => hideSubject(nameless(subject), subject)
  /** Their ids are recorded in the same transaction, so that their late webhooks are never unknown. */
  const removeSubmissions = ({ ids, at }: Forgetting, submissions: readonly number[]): void => {
    const { submissionIds, runIds, deliveryIds } = remove(submissions)
    for (const id of submissionIds) insertForgotten(digestOf(id), at)
    for (const id of [...runIds, ...deliveryIds]) hide(id)
    for (const id of [...submissionIds, ...runIds]) ids.add(id)
  }
  /**
   * Replaces the names in the texts of audit entries behind `after`. Returns where to go on; undefined at the end.
   */
  const hideMentions = ({ fileId, ids }: Forgetting, after: number): number | undefined => {
    const entries = listEntries.all(after, ENTRIES_AT_ONCE)
    const hideIn = createHiding(fileId, ids)
    for (const { n, reason, details } of entries) {
      const written = JSON.stringify({ reason, details: details === null ? null : JSON.parse(details) })
      const hidden = JSON.parse(written, (_, value) => (typeof value === 'string' ? hideIn(value) : value))
      if (JSON.stringify(hidden) !== written) rewriteEntry(hidden.reason, writeJson(hidden.details), n)
    }
    return entries.length < ENTRIES_AT_ONCE ? undefined : entries.at(-1)?.n
  }
  /** `newest` is the last entry that is rewritten already; a few may have been written since. */
  const hideMentionsSince = (forgetting: Forgetting, newest: number): void => {
    for (let after: number | undefined = newest; after !== undefined; )
      after = hideMentions(forgetting, after)
  }
  const removeAsset = (forgetting: Forgetting, act: AuditEntry): void => {
    const { fileId, at } = forgetting
    removeSubmissions(forgetting, listSubmissions.all(fileId))
    deleteCurrent(fileId)
    insertForgotten(digestOf(fileId), at)
    deleteBodies(fileId)
    const deliveries = [...deleteDeliveries.all(fileId), ...deleteRejected.all(fileId)]
    for (const subject of [fileId, ...deliveries.map(([n, chk]) => formatId('dlv', n, chk))]) hide(subject)
    insertEntry(act.at, act.actor, act.kind, nameless(fileId), act.reason, writeJson(act.details))
  }

  return {
    isForgotten: (id: string): boolean => isForgotten.get(digestOf(id)) !== undefined,
    /** Returns false, and deletes nothing, for an unknown asset. */
    async forget(inTurn: RunExclusive, fileId: string, act: AuditEntry): Promise<boolean> {
      const known = listSubmissions.all(fileId)
      if (known.length === 0 && findDelivery.get(fileId) === undefined) return false
      const pieces = piecesOf(known)
      const forgetting: Forgetting = { fileId, at: act.at, ids: new Set() }
      for (const piece of pieces) for (const id of await inTurn(() => idsOf(piece))) forgetting.ids.add(id)
      const newest = findNewestEntry.get() ?? 0
      for (let after = 0; after < newest; )
        after = await inTurn(() => hideMentions(forgetting, after) ?? newest)
      for (const piece of pieces.slice(0, -1))
        await inTurn(() => {
          const current = new Set(listCurrent.all(fileId))
          removeSubmissions(
            forgetting,
            piece.filter((n) => !current.has(n)),
          )
          hideMentionsSince(forgetting, newest)
        })
      return inTurn((fileIds) => {
        fileIds.add(fileId)
        removeAsset(forgetting, act)
        hideMentionsSince(forgetting, newest)
        return true
      })
    },
  }
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
