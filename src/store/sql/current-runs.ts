import { numberOf } from '../../domain/ids.ts'
import { type Work, waitFor } from '../transaction-work.ts'
import type { Statements } from './statements.ts'

export type CurrentRuns = ReturnType<typeof createCurrentRuns>

/** Extension names by file. */
type NamesOfFiles = ReadonlyMap<string, ReadonlySet<string>>

type NameCells = [n: number, fileId: string, name: string | null, requestedAs: string | null]

/**
 * Maintains the table `current_runs`, from which statuses are read. All changes of a batch together take the same few statements as
 * one change.
 */
export function createCurrentRuns({ rows, run, lockFiles, inNumbers, givenRows }: Statements) {
  const lock = lockFiles === null ? null : run(lockFiles)
  const listNames = rows<NameCells>(
    `SELECT s.n, s.file_id, r.name, r.requested_as FROM submissions s LEFT JOIN runs r ON r.submission = s.n
      WHERE s.n ${inNumbers} AND s.file_id IS NOT NULL`,
  )
  // A run that was requested as a placeholder also replaces the placeholder of older submissions (see `describeAsset`), so its
  // submission counts as the newest for the placeholder's name, too.
  // The runs of rejected submissions are hidden.
  // Counts instead of joining: without statistics, PostgreSQL would start a join with all runs of that name, which takes seconds.
  const newest = `SELECT s.n FROM submissions s
    WHERE s.file_id = given.c1 AND 0 < (SELECT count(*) FROM runs r
      WHERE r.submission = s.n AND r.hidden IS NULL AND (r.name = given.c2 OR r.requested_as = given.c2)) ORDER BY s.n DESC LIMIT 1`
  const save = rows<[fileId: string, name: string]>(
    `WITH found AS MATERIALIZED (
        SELECT c1, c2, (SELECT n FROM runs WHERE submission = (${newest}) AND name = given.c2) AS run
          FROM (${givenRows(2)}) AS given)
      INSERT INTO current_runs (file_id, name, run) SELECT c1, c2, run FROM found WHERE run IS NOT NULL
      ON CONFLICT (file_id, name) DO UPDATE SET run = excluded.run RETURNING file_id, name`,
  )
  const remove = run(`DELETE FROM current_runs WHERE (file_id, name) IN (${givenRows(2)})`)

  /**
   * Recomputes the current runs of these names: for each, the run of the newest submission that requested it and is not
   * rejected. There is none if that submission has no run of this name, because its placeholder stood for another extension.
   */
  function* refreshNames(files: NamesOfFiles): Work<void> {
    // Sorted, because every transaction must lock files in the same order.
    const fileIds = [...files.keys()].toSorted()
    if (fileIds.length === 0) return
    if (lock !== null) yield* waitFor(lock(JSON.stringify(fileIds)))
    const pairs = fileIds.flatMap((fileId) => [...(files.get(fileId) ?? [])].map((name) => [fileId, name]))
    const saved = yield* waitFor(save(JSON.stringify(pairs)))
    if (saved.length === pairs.length) return
    const savedPairs = new Set(saved.map((pair) => JSON.stringify(pair)))
    yield* waitFor(remove(JSON.stringify(pairs.filter((pair) => !savedPairs.has(JSON.stringify(pair))))))
  }
  return {
    refreshNames,
    /**
     * Recomputes the current runs for the names of these submissions' runs, and for additional names of each submission. Call
     * it after the rows are written.
     */
    *refresh(submissions: ReadonlyMap<string, ReadonlySet<string>>): Work<void> {
      const additionalNames = new Map(
        [...submissions].map(([submissionId, names]) => [numberOf(submissionId), names]),
      )
      const files = new Map<string, Set<string>>()
      for (const [n, fileId, ...namesOfRun] of yield* waitFor(
        listNames(JSON.stringify([...additionalNames.keys()])),
      )) {
        const ofFile = files.get(fileId) ?? new Set()
        files.set(fileId, ofFile)
        for (const name of [...(additionalNames.get(n) ?? []), ...namesOfRun])
          if (name !== null) ofFile.add(name)
      }
      yield* refreshNames(files)
    },
  }
}
