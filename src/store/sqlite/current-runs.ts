import { submissionsToRefresh } from '../../domain/current-runs.ts'
import { numberOf } from '../../domain/ids.ts'
import type { BatchChanges } from '../working-set.ts'
import { type Connection, statementsOf } from './connection.ts'

/** Keeps the table `current_runs`, from which a status is read. */
export function createCurrentRuns(connection: Connection) {
  const { rows, value, run } = statementsOf(connection)
  const findFile = value<string | null>('SELECT file_id FROM submissions WHERE n = ?')
  const listNames = rows<[name: string, requestedAs: string | null]>(
    'SELECT name, requested_as FROM runs WHERE submission = ?',
  )
  // A run that was requested as a placeholder also stands for the placeholder of older submissions: see `describeAsset`.
  const findNewest = value<number>(
    `SELECT s.n FROM submissions s JOIN runs r ON r.submission = s.n
      WHERE s.file_id = ? AND r.hidden IS NULL AND (r.name = ? OR r.requested_as = ?) ORDER BY s.n DESC LIMIT 1`,
  )
  const save = connection.prepare<[string, string, number, string]>(
    `INSERT INTO current_runs (file_id, name, run) SELECT ?, ?, n FROM runs WHERE submission = ? AND name = ?
      ON CONFLICT DO UPDATE SET run = excluded.run`,
  )
  const remove = run('DELETE FROM current_runs WHERE file_id = ? AND name = ?')

  /** Finds the current runs of an asset anew, for these names: of each the run of the newest submission that counts and requested it. */
  const refreshNames = (fileId: string, names: Iterable<string>): void => {
    for (const name of names) {
      const submission = findNewest.get(fileId, name, name)
      const isSaved = submission !== undefined && save.run(fileId, name, submission, name).changes > 0
      if (!isSaved) remove(fileId, name)
    }
  }
  return {
    refreshNames,
    /** After the rows of a batch were written. */
    refresh(changes: BatchChanges['rows']): void {
      for (const [submissionId, names] of submissionsToRefresh(changes)) {
        const n = numberOf(submissionId)
        const fileId = findFile.get(n) ?? null
        if (fileId === null) continue
        for (const known of listNames.all(n)) for (const name of known) if (name !== null) names.add(name)
        refreshNames(fileId, names)
      }
    },
  }
}
