// What one would write: SQLite as safe as the tracker's, and a transaction for each request.
import Database from 'better-sqlite3'

export function openOneCommit() {
  const connection = new Database(process.env.DATABASE)
  connection.pragma('journal_mode = WAL')
  connection.pragma('synchronous = FULL')
  connection.exec(`
    CREATE TABLE IF NOT EXISTS deliveries (
      delivery_id INTEGER PRIMARY KEY, submission_id TEXT NOT NULL, received_at INTEGER NOT NULL, body BLOB NOT NULL,
      service TEXT NOT NULL, status TEXT NOT NULL, UNIQUE (submission_id, service, status)
    );
    CREATE TABLE IF NOT EXISTS runs (
      submission_id TEXT NOT NULL, service TEXT NOT NULL, file_id TEXT NOT NULL, status TEXT NOT NULL,
      settled_at INTEGER NOT NULL, PRIMARY KEY (submission_id, service)
    );
  `)
  const keep = connection.prepare(
    'INSERT OR IGNORE INTO deliveries (submission_id, received_at, body, service, status) VALUES (?, ?, ?, ?, ?)',
  )
  const settle = connection.prepare('INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?, ?)')
  return connection.transaction((submissionId, body, { service, status, fileId, fileObject }) => {
    const now = Date.now()
    keep.run(submissionId, now, body, service, status)
    settle.run(submissionId, service, fileId ?? fileObject.fileId, status, now)
  })
}
