import { sweepRun } from '../../domain/overdue.ts'
import { type RetentionPlace, retainRow } from '../../domain/retention.ts'
import { hourOf } from '../../domain/stat-counters.ts'
import type { Connection } from './connection.ts'
import { createCurrentRuns } from './current-runs.ts'
import { createRemoval } from './removal.ts'
import { HOURS } from './stats.ts'

/** Runs that the sweep passes in one transaction, which takes a few milliseconds. */
const SWEPT_AT_ONCE = 10_000

/** Freeing a body reads and overwrites all of its pages: so much at once takes a few milliseconds. */
const MAX_PRUNED_BYTES = 1024 * 1024

/** Rows that are checked in one transaction, and deleted if they are old. */
const SUBMISSIONS_AT_ONCE = 50
const DELIVERIES_AT_ONCE = 200

/** What is done to many rows, in bounded steps, each inside a transaction. */
export function createUpkeep(connection: Connection) {
  const findPosition = connection.prepare<[string], number>('SELECT n FROM positions WHERE name = ?').pluck()
  const savePosition = connection.prepare<[string, number]>(
    'INSERT OR REPLACE INTO positions (name, n) VALUES (?, ?)',
  )
  const listRuns = connection
    .prepare<[number, number], [n: number, status: number, hidden: number | null, requestedAt: number]>(
      'SELECT n, status, hidden, requested_at FROM runs WHERE n > ? ORDER BY n LIMIT ?',
    )
    .raw()
  const markOverdue = connection.prepare<[number, number]>(
    'UPDATE runs SET overdue = 1, due_at = ifnull(due_at, ?) WHERE n = ?',
  )
  const findBound = connection
    .prepare<[number], number | null>(`SELECT max(delivery_greatest) FROM ${HOURS} WHERE hour <= ?`)
    .pluck()
  const findRunBound = connection
    .prepare<[number], number | null>(`SELECT max(run_greatest) FROM ${HOURS} WHERE hour <= ?`)
    .pluck()
  const listBodies = connection
    .prepare<[number, number, number], [n: number, receivedAt: number, bytes: number, isEnd: number]>(
      `SELECT b.n, d.received_at, length(b.body), d.request_id IS NOT NULL FROM delivery_bodies b JOIN deliveries d ON d.n = b.n
        WHERE b.n > ? AND b.n <= ? ORDER BY b.n LIMIT ?`,
    )
    .raw()
  const deleteBody = connection.prepare<[number]>('DELETE FROM delivery_bodies WHERE n = ?')
  const deleteEnd = connection.prepare<[number]>(
    'UPDATE deliveries SET request_id = NULL, unclaimed = NULL WHERE n = ?',
  )
  // Its caller is notified at least once, so a notification that is due keeps it.
  const listSubmissions = connection
    .prepare<[number, number], [n: number, fileId: string | null, createdAt: number, isOpen: number]>(
      `SELECT n, file_id, created_at, owner IS NOT NULL OR EXISTS (SELECT 1 FROM runs r WHERE r.submission = s.n
          AND (r.status = 0 AND r.hidden IS NULL OR EXISTS (SELECT 1 FROM notifications WHERE n = r.n AND due_at IS NOT NULL)))
        FROM submissions s WHERE n > ? ORDER BY n LIMIT ?`,
    )
    .raw()
  const hasSubmission = connection
    .prepare<[string, number], number>('SELECT 1 FROM submissions WHERE file_id = ? AND n <= ? LIMIT 1')
    .pluck()
  // Runs that were found out late are behind those of newer submissions.
  const findNewest = connection
    .prepare<[number], number | null>(
      'SELECT max(submission) FROM (SELECT submission FROM runs WHERE n <= ? ORDER BY n DESC LIMIT 100)',
    )
    .pluck()
  const sumBodies = connection
    .prepare<[number, number], number>(
      `SELECT ifnull(sum(length(body)), 0) FROM delivery_bodies WHERE n IN (
        SELECT settled_by FROM runs WHERE submission = ? UNION SELECT n FROM deliveries WHERE submission = ?)`,
    )
    .pluck()
  const listDeliveries = connection
    .prepare<[number, number], [n: number, receivedAt: number, isRelated: number, bytes: number]>(
      `SELECT d.n, d.received_at, d.run IS NOT NULL OR d.submission IS NOT NULL, ifnull(length(b.body), 0)
        FROM deliveries d LEFT JOIN delivery_bodies b ON b.n = d.n WHERE d.n > ? ORDER BY d.n LIMIT ?`,
    )
    .raw()
  const deleteDelivery = connection.prepare<[number]>('DELETE FROM deliveries WHERE n = ?')
  const removeSubmissions = createRemoval(connection, createCurrentRuns(connection))

  // Up to here some are older by hours than those before them, which a clock that was ahead has dated.
  const findLastOldDelivery = (before: number): number => findBound.get(hourOf(before) - 1) ?? 0
  const findLastOldSubmission = (before: number): number =>
    findNewest.get(findRunBound.get(hourOf(before) - 1) ?? 0) ?? 0

  /** Adds the assets of what it deletes to `fileIds`. `next` is undefined where nothing older follows. */
  const deleteSubmissions = (
    fileIds: Set<string>,
    rule: { now: number; before: number },
    after: number,
  ): { deleted: number; next: number | undefined } => {
    const old: number[] = []
    const keptFiles = new Set<string>()
    // If an earlier submission of the asset is kept, its runs would become current again.
    const isBehindKept = (fileId: string) =>
      keptFiles.has(fileId) || hasSubmission.get(fileId, after) !== undefined
    let bytes = 0
    let lastOld: number | undefined
    let next: number | undefined
    for (const [n, fileId, createdAt, isOpen] of listSubmissions.all(after, SUBMISSIONS_AT_ONCE)) {
      if (bytes >= MAX_PRUNED_BYTES) break
      const isNeeded = isOpen === 1 || (fileId !== null && isBehindKept(fileId))
      const decision = retainRow({ isNeeded, at: createdAt }, rule)
      if (decision === 'young' && n > (lastOld ??= findLastOldSubmission(rule.before))) {
        next = undefined
        break
      }
      if (decision === 'delete') {
        old.push(n)
        bytes += sumBodies.get(n, n) ?? 0
      } else if (fileId !== null) keptFiles.add(fileId)
      next = n
    }
    if (old.length > 0) for (const fileId of removeSubmissions(old).fileIds) fileIds.add(fileId)
    return { deleted: old.length, next }
  }
  /** Those of no submission. */
  const deleteDeliveries = (rule: { now: number; before: number }, after: number): number | undefined => {
    let bytes = 0
    let lastOld: number | undefined
    let next: number | undefined
    for (const [n, receivedAt, isRelated, size] of listDeliveries.all(after, DELIVERIES_AT_ONCE)) {
      if (bytes >= MAX_PRUNED_BYTES) break
      const decision = retainRow({ isNeeded: isRelated === 1, at: receivedAt }, rule)
      if (decision === 'young' && n > (lastOld ??= findLastOldDelivery(rule.before))) return undefined
      if (decision === 'delete') {
        deleteBody.run(n)
        deleteDelivery.run(n)
        bytes += size
      }
      next = n
    }
    return next
  }

  return {
    /** Marks runs that have been pending for long as overdue and due. Returns whether there may be more. */
    sweep(now: number, overdueAfterMs: number): boolean {
      const from = findPosition.get('sweep') ?? 0
      const rows = listRuns.all(from, SWEPT_AT_ONCE)
      let position = from
      for (const [n, status, hidden, requestedAt] of rows) {
        const isPending = status === 0 && hidden === null
        const what = sweepRun({ isPending, requestedAt }, { now, overdueAfterMs })
        if (what === 'stop') break
        if (what === 'mark') markOverdue.run(Math.min(requestedAt + overdueAfterMs, now), n)
        position = n
      }
      if (position !== from) savePosition.run('sweep', position)
      return rows.length === SWEPT_AT_ONCE && position === rows.at(-1)?.[0]
    },
    pruneBodies(
      receivedBefore: number,
      limit: number,
      after: number | null,
    ): { pruned: number; next: number | null } {
      const bodies = listBodies.all(after ?? 0, findBound.get(hourOf(receivedBefore)) ?? 0, limit)
      let pruned = 0
      let bytes = 0
      for (const [n, receivedAt, size, isEnd] of bodies) {
        if (bytes >= MAX_PRUNED_BYTES) return { pruned, next: n - 1 }
        if (receivedAt >= receivedBefore) continue
        deleteBody.run(n)
        // It says what the body said. Uploads that this service did not make are never claimed.
        if (isEnd === 1) deleteEnd.run(n)
        pruned += 1
        bytes += size
      }
      return { pruned, next: bodies.length < limit ? null : (bodies.at(-1)?.[0] ?? null) }
    },
    deleteOldSubmissions(
      fileIds: Set<string>,
      now: number,
      createdBefore: number,
      after: RetentionPlace | null,
    ): { deleted: number; next: RetentionPlace | null } {
      const rule = { now, before: createdBefore }
      const { table, n } = after ?? { table: 'submissions', n: 0 }
      if (table === 'submissions') {
        const { deleted, next } = deleteSubmissions(fileIds, rule, n)
        return { deleted, next: next === undefined ? { table: 'deliveries', n: 0 } : { table, n: next } }
      }
      const next = deleteDeliveries(rule, n)
      return { deleted: 0, next: next === undefined ? null : { table, n: next } }
    },
  }
}
