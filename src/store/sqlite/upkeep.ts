import { sweepRun } from '../../domain/overdue.ts'
import { retainSubmission } from '../../domain/retention.ts'
import { hourOf } from '../../domain/stat-counters.ts'
import type { Connection } from './connection.ts'
import { createCurrentRuns } from './current-runs.ts'
import { createRemoval } from './removal.ts'
import { HOURS } from './stats.ts'

/** Runs that the sweep passes in one transaction, which takes a few milliseconds. */
const SWEPT_AT_ONCE = 10_000

/** Freeing a body reads and overwrites all of its pages: so much at once takes a few milliseconds. */
const MAX_PRUNED_BYTES = 1024 * 1024

/** Submissions that are considered for deletion in one transaction, and deliveries of no submission that are deleted in one. */
const CONSIDERED_AT_ONCE = 50
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
  const listSubmissions = connection
    .prepare<[number, number], [n: number, createdAt: number, isOpen: number]>(
      `SELECT n, created_at, owner IS NOT NULL
          OR EXISTS (SELECT 1 FROM runs WHERE submission = s.n AND status = 0 AND hidden IS NULL)
        FROM submissions s WHERE n > ? ORDER BY n LIMIT ?`,
    )
    .raw()
  const listUnrelated = connection
    .prepare<[number, number, number], number>(
      `SELECT n FROM deliveries WHERE n <= ? AND received_at < ? AND run IS NULL AND submission IS NULL ORDER BY n LIMIT ?`,
    )
    .pluck()
  const deleteDelivery = connection.prepare<[number]>('DELETE FROM deliveries WHERE n = ?')
  const removeSubmissions = createRemoval(connection, createCurrentRuns(connection))

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
    /** Adds the assets whose status changes to `fileIds`. */
    deleteOldSubmissions(
      fileIds: Set<string>,
      now: number,
      createdBefore: number,
      after: number | null,
    ): { deleted: number; next: number | null } {
      const rows = listSubmissions.all(after ?? 0, CONSIDERED_AT_ONCE)
      const old: number[] = []
      let last: number | null = null
      for (const [n, createdAt, isOpen] of rows) {
        const what = retainSubmission({ isOpen: isOpen === 1, createdAt }, { now, createdBefore })
        if (what === 'stop') break
        if (what === 'delete') old.push(n)
        last = n
      }
      const removed = removeSubmissions(old)
      for (const fileId of removed.fileIds) fileIds.add(fileId)
      if (last !== null && last === rows.at(-1)?.[0]) return { deleted: old.length, next: last }
      const bound = findBound.get(hourOf(createdBefore)) ?? 0
      const unrelated = listUnrelated.all(bound, createdBefore, DELIVERIES_AT_ONCE)
      for (const n of unrelated) {
        deleteBody.run(n)
        deleteDelivery.run(n)
      }
      const isEnd = unrelated.length < DELIVERIES_AT_ONCE
      return { deleted: old.length, next: isEnd ? null : (last ?? after ?? 0) }
    },
  }
}
