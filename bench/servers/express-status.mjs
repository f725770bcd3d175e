// What one would write: Express, and a prepared read of the same database for each question.
import Database from 'better-sqlite3'
import express from 'express'
import { tellAddress } from './door.mjs'

const connection = new Database(process.env.DATABASE, { readonly: true })
connection.pragma('cache_size = -32768')
const find = connection.prepare(`
  SELECT run_id, name, status, source, attempt, submission_id, requested_at, settled_at, runs.error, runs.updated_at
  FROM submissions JOIN runs ON runs.submission_seq = submissions.seq WHERE submissions.file_id = ?`)
const key = `Bearer ${process.env.TRACKER_API_KEY}`
const timeText = (at) => (at === null ? null : new Date(at).toISOString())

const app = express()
app.get('/assets/:fileId/status', (request, response) => {
  if (request.get('Authorization') !== key) return response.sendStatus(401)
  const { fileId } = request.params
  const rows = find.all(fileId)
  if (rows.length === 0) return response.sendStatus(404)
  const statuses = rows.map(({ status }) => status)
  response.json({
    fileId,
    status: ['pending', 'failed', 'expired'].find((status) => statuses.includes(status)) ?? 'success',
    extensionStatus: Object.fromEntries(rows.map(({ name, status }) => [name, status])),
    extensions: rows.map((row) => ({
      runId: row.run_id,
      name: row.name,
      status: row.status,
      source: row.source,
      attempt: row.attempt,
      submissionId: row.submission_id,
      requestedAt: timeText(row.requested_at),
      settledAt: timeText(row.settled_at),
      error: row.error && JSON.parse(row.error),
    })),
    updatedAt: timeText(Math.max(...rows.map((row) => row.updated_at))),
  })
})
const server = app.listen(0, '127.0.0.1', () => tellAddress(server))
