import { numberOf } from '../../domain/ids.ts'
import { type Work, waitFor } from '../transaction-work.ts'
import type { Statements } from './statements.ts'

export type CurrentRuns = ReturnType<typeof createCurrentRuns>

/** Keeps the table `current_runs`, from which a status is read. */
export function createCurrentRuns({ rows, value, values, run, lockFile }: Statements) {
  const lock = lockFile === null ? null : run(lockFile)
  const findFile = value<string | null>('SELECT file_id FROM submissions WHERE n = ?')
  const listNames = rows<[name: string, requestedAs: string | null]>(
    'SELECT name, requested_as FROM runs WHERE submission = ?',
  )
  // A run that was requested as a placeholder also stands for the placeholder of older submissions: see `describeAsset`.
  const findNewest = value<number>(
    `SELECT s.n FROM submissions s JOIN runs r ON r.submission = s.n
      WHERE s.file_id = ? AND r.hidden IS NULL AND (r.name = ? OR r.requested_as = ?) ORDER BY s.n DESC LIMIT 1`,
  )
  const save = values<string>(
    `INSERT INTO current_runs (file_id, name, run) SELECT ?, name, n FROM runs WHERE submission = ? AND name = ?
      ON CONFLICT (file_id, name) DO UPDATE SET run = excluded.run RETURNING name`,
  )
  const remove = run('DELETE FROM current_runs WHERE file_id = ? AND name = ?')

  /** Finds the current runs of an asset anew, for these names: of each the run of the newest submission that counts and requested it. */
  function* refreshNames(fileId: string, names: Iterable<string>): Work<void> {
    if (lock !== null) yield* waitFor(lock(fileId))
    for (const name of names) {
      const submission = yield* waitFor(findNewest(fileId, name, name))
      const saved = submission === undefined ? [] : yield* waitFor(save(fileId, submission, name))
      if (saved.length === 0) yield* waitFor(remove(fileId, name))
    }
  }
  return {
    refreshNames,
    /** After their rows were written: those of these submissions, and of their runs, with some names besides. */
    *refresh(submissions: ReadonlyMap<string, ReadonlySet<string>>): Work<void> {
      const files = new Map<string, Set<string>>()
      for (const [submissionId, names] of submissions) {
        const n = numberOf(submissionId)
        const fileId = yield* waitFor(findFile(n))
        if (fileId === undefined || fileId === null) continue
        const ofFile = files.get(fileId) ?? new Set()
        files.set(fileId, ofFile)
        for (const name of names) ofFile.add(name)
        for (const known of yield* waitFor(listNames(n)))
          for (const name of known) if (name !== null) ofFile.add(name)
      }
      // In one order, in which they are locked.
      for (const fileId of [...files.keys()].toSorted()) yield* refreshNames(fileId, files.get(fileId) ?? [])
    },
  }
}
