import Database from 'better-sqlite3'
import { openSqliteStore } from '../../dist/store/sqlite/open-sqlite-store.js'
import { createRandom } from '../seeding/invented-runs.mjs'

/** The store, with things in it that are spread over all of its age. */
export function openSample(path, times) {
  const connection = new Database(path, { readonly: true })
  const random = createRandom(7)
  const count = connection.prepare('SELECT max(seq) FROM runs').pluck().get()
  const find = connection.prepare(
    `SELECT run_id AS runId, submission_id AS submissionId, file_id AS fileId, file_name AS fileName, runs.seq
     FROM runs JOIN submissions ON submissions.seq = submission_seq WHERE runs.seq = ?`,
  )
  const picked = Array.from({ length: times }, () => find.get(1 + Math.floor(random() * count)))
  const findDelivery = connection.prepare('SELECT delivery_id FROM deliveries WHERE seq = ?').pluck()
  const deliveryIds = picked.map(({ seq }) => findDelivery.get(seq * 3 - 1))
  const newest = connection.prepare('SELECT max(requested_at) FROM runs').pluck().get()
  connection.close()
  return { store: openSqliteStore({ path }), picked, deliveryIds, newest, count }
}
