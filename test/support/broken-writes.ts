import { join } from 'node:path'
import Database from 'better-sqlite3'

/** From now on a tracker's writes to this table fail as on a disk that breaks, until they are mended. */
export function breakWrites({ directory }: { directory: string }, table: string): { mend: () => void } {
  const run = (sql: string) => {
    const db = new Database(join(directory, 'tracker.db'))
    db.exec(sql)
    db.close()
  }
  const events = ['INSERT', 'UPDATE']
  for (const event of events)
    run(
      `CREATE TRIGGER broken_${event} BEFORE ${event} ON ${table} BEGIN SELECT raise(ROLLBACK, 'the disk is broken'); END`,
    )
  return { mend: () => events.forEach((event) => run(`DROP TRIGGER broken_${event}`)) }
}
