import type { RunRow } from '../../domain/decide/tables.ts'
import { numberOf } from '../../domain/ids.ts'
import type { BatchChanges } from '../working-set.ts'
import type { Connection } from './connection.ts'

export type CurrentRuns = {
  /** After the rows of a batch were written. */
  refresh(rows: BatchChanges['rows']): void
  /** Finds the current runs of an asset anew, for these names: of each the run of the newest submission that counts and requested it. */
  refreshNames(fileId: string, names: Iterable<string>): void
}

/** Keeps the table `current_runs`, from which a status is read. */
export function createCurrentRuns(connection: Connection): CurrentRuns {
  const findFile = connection
    .prepare<[number], string | null>('SELECT file_id FROM submissions WHERE n = ?')
    .pluck()
  const listNames = connection
    .prepare<[number], [name: string, requestedAs: string | null]>(
      'SELECT name, requested_as FROM runs WHERE submission = ?',
    )
    .raw()
  // A run that was requested as a placeholder also stands for the placeholder of older submissions: see `describeAsset`.
  const findNewest = connection
    .prepare<[string, string, string], number>(
      `SELECT s.n FROM submissions s JOIN runs r ON r.submission = s.n
        WHERE s.file_id = ? AND r.hidden IS NULL AND (r.name = ? OR r.requested_as = ?) ORDER BY s.n DESC LIMIT 1`,
    )
    .pluck()
  const save = connection.prepare<[string, string, number, string]>(
    `INSERT INTO current_runs (file_id, name, run) SELECT ?, ?, n FROM runs WHERE submission = ? AND name = ?
      ON CONFLICT DO UPDATE SET run = excluded.run`,
  )
  const remove = connection.prepare<[string, string]>(
    'DELETE FROM current_runs WHERE file_id = ? AND name = ?',
  )

  const refreshNames = (fileId: string, names: Iterable<string>): void => {
    for (const name of names) {
      const submission = findNewest.get(fileId, name, name)
      const isSaved = submission !== undefined && save.run(fileId, name, submission, name).changes > 0
      if (!isSaved) remove.run(fileId, name)
    }
  }
  return {
    refreshNames,
    refresh(rows) {
      for (const [submissionId, names] of affected(rows)) {
        const n = numberOf(submissionId)
        const fileId = findFile.get(n) ?? null
        if (fileId === null) continue
        for (const known of listNames.all(n)) for (const name of known) if (name !== null) names.add(name)
        refreshNames(fileId, names)
      }
    },
  }
}

/** The current runs of a file may be others once a submission is bound to it, counts again or no more, or has other runs. */
function affected({ submissions, runs }: BatchChanges['rows']): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>()
  const note = (submissionId: string, run?: RunRow) => {
    const known = names.get(submissionId) ?? new Set()
    names.set(submissionId, known)
    for (const name of run ? [run.name, run.requestedAs] : []) if (name !== null) known.add(name)
  }
  const isRejected = (state: string | undefined) => state === 'rejected'
  for (const { before, after } of submissions)
    if (after && (before?.fileId !== after.fileId || isRejected(before.state) !== isRejected(after.state)))
      note(after.submissionId)
  for (const { before, after } of runs)
    if (before === undefined || after === undefined) {
      const run = after ?? before
      if (run) note(run.submissionId, run)
    }
  return names
}
