// A database with many pending runs, made once and copied for each measurement.
import { closeSync, copyFileSync, fsyncSync, openSync } from 'node:fs'
import Database from 'better-sqlite3'
import { openSqliteStore } from '../../dist/store/sqlite/open-sqlite-store.js'
import { submissionOf } from '../load/deliveries.mjs'

const AT_ONCE = 1_000
const OVERDUE_AFTER_MS = 600_000

/** What ImageKit's answer to an upload leaves behind, as the store writes it. */
const ACCEPT = `UPDATE submissions SET state = 'accepted', request_id = submission_id, baseline = '{"aiTags":{}}',
  answered_at = created_at + 700, updated_at = created_at + 700 WHERE state = 'submitting'`
const ANSWER = `UPDATE runs SET source = 'response', updated_at = requested_at + 700 WHERE source = 'request'`

/** Adds submissions number `first` to `first + count - 1`, each accepted and with one pending run. */
export async function addPending(path, count, first = 0) {
  const store = openSqliteStore({ path })
  try {
    for (let from = first; from < first + count; from += AT_ONCE) {
      const length = Math.min(AT_ONCE, first + count - from)
      const at = Date.now()
      await Promise.all(
        Array.from({ length }, (_, each) => store.createSubmission(submissionOf(from + each, at))),
      )
    }
  } finally {
    await store.close()
  }
  const connection = new Database(path)
  for (const sql of [ACCEPT, ANSWER]) connection.exec(sql)
  connection.close()
}

export function copyTemplate(from, to) {
  copyFileSync(from, to)
  makeCurrent(to)
}

/** No run is overdue for now, and all of the file is on disk, so that nothing of it is written while something is measured. */
export function makeCurrent(path) {
  const connection = new Database(path)
  connection.prepare("UPDATE runs SET due_at = ? WHERE status = 'pending'").run(Date.now() + OVERDUE_AFTER_MS)
  connection.pragma('wal_checkpoint(TRUNCATE)')
  connection.close()
  const file = openSync(path, 'r+')
  fsyncSync(file)
  closeSync(file)
}
