import { type DueRun, describeDueRun } from '../../domain/finding.ts'
import { numberOf, parseId } from '../../domain/ids.ts'
import type { Run } from '../../domain/run.ts'
import type { Submission } from '../../domain/submission.ts'
import { cutPage } from '../list-pages.ts'
import type { Store } from '../store.ts'
import { type Work, type WorkOf, waitFor } from '../transaction-work.ts'
import { STATE } from './codes.ts'
import {
  cellsAfterRun,
  RUN_COLUMNS,
  RUNS,
  type RunCells,
  toRun,
  toSubmission,
  WHOLE_SUBMISSION_COLUMNS,
  type WholeSubmissionCells,
} from './rows.ts'
import type { Statements } from './statements.ts'

/** When a file's newest submission that is not rejected last changed. */
export const UPDATED_AT = `SELECT updated_at FROM submissions WHERE file_id = ? AND state <> ${STATE.to.rejected} ORDER BY n DESC LIMIT 1`
/** A file's current runs. */
export const CURRENT_RUNS = `SELECT ${RUN_COLUMNS} FROM current_runs c JOIN runs r ON r.n = c.run WHERE c.file_id = ? ORDER BY r.submission, r.n`

/**
 * How many of the newest submissions of its asset are read with a due run, to tell which others may have changed the file: an asset
 * may have thousands.
 */
const MAX_OF_ASSET = 100

type SubmissionWithRuns = { submission: Submission; runs: Run[] }

type AssetReads = WorkOf<Pick<Store, 'findAsset' | 'findSubmission' | 'listAssetSubmissions' | 'listDue'>> & {
  /** The submissions in the order of the ids; undefined for an unknown id. */
  findSubmissions: (submissionIds: readonly string[]) => Work<(SubmissionWithRuns | undefined)[]>
}

/** Reads assets, their submissions and their due runs. */
export function createAssetReads({ rows, value, inNumbers }: Statements): AssetReads {
  const listCurrentRuns = rows<RunCells>(CURRENT_RUNS)
  const findUpdatedAt = value<number>(UPDATED_AT)
  const listSubmissionsOf = rows<WholeSubmissionCells>(
    `SELECT ${WHOLE_SUBMISSION_COLUMNS} FROM submissions s WHERE s.n ${inNumbers}`,
  )
  const listRunsOfMany = rows<RunCells>(
    `SELECT ${RUN_COLUMNS} FROM runs r WHERE r.submission ${inNumbers} ORDER BY r.submission, r.n`,
  )
  const listOfFile = rows<WholeSubmissionCells>(
    `SELECT ${WHOLE_SUBMISSION_COLUMNS} FROM submissions s WHERE s.file_id = ? AND s.n < ? ORDER BY s.n DESC LIMIT ?`,
  )
  const selectDue = `SELECT ${RUN_COLUMNS}, ${WHOLE_SUBMISSION_COLUMNS} FROM ${RUNS} WHERE`
  type DueCells = [...RunCells, ...WholeSubmissionCells]
  const listDueAt = rows<DueCells>(`${selectDue} r.due_at <= ? ORDER BY r.due_at, r.n LIMIT ?`)
  /** A due time later than any possible one was written while the clock was ahead. */
  const listDueAfter = rows<DueCells>(`${selectDue} r.due_at > ? ORDER BY r.due_at, r.n LIMIT ?`)

  function* allWithRuns(submissions: WholeSubmissionCells[]): Work<SubmissionWithRuns[]> {
    const runs = new Map<number, Run[]>(submissions.map(([n]) => [n, []]))
    const found = yield* waitFor(listRunsOfMany(JSON.stringify([...runs.keys()])))
    // Cell 2 of a run is the number of its submission.
    for (const cells of found) runs.get(cells[2])?.push(toRun(cells))
    return submissions.map((cells) => ({ submission: toSubmission(cells), runs: runs.get(cells[0]) ?? [] }))
  }
  /** The newest submissions of a file; if `before` is given, only those with lower numbers. */
  function* listSubmissions(
    fileId: string,
    limit: number,
    before: number | null,
  ): Work<SubmissionWithRuns[]> {
    return yield* allWithRuns(yield* waitFor(listOfFile(fileId, before ?? Number.MAX_SAFE_INTEGER, limit)))
  }
  function* findSubmissions(submissionIds: readonly string[]): Work<(SubmissionWithRuns | undefined)[]> {
    const numbers = submissionIds.flatMap((id) => parseId('sub', id)?.number ?? [])
    const found = yield* allWithRuns(yield* waitFor(listSubmissionsOf(JSON.stringify(numbers))))
    // An id whose random bits are not those of the row is unknown: it may come from another database.
    const known = new Map(found.map((one) => [one.submission.submissionId, one]))
    return submissionIds.map((id) => known.get(id))
  }

  return {
    findSubmissions,
    *findAsset(fileId) {
      const recordedAt = yield* waitFor(findUpdatedAt(fileId))
      if (recordedAt === undefined) return undefined
      const runs = yield* waitFor(listCurrentRuns(fileId))
      return { fileId, recordedAt, runs: runs.map(toRun) }
    },
    *findSubmission(submissionId) {
      const [found] = yield* findSubmissions([submissionId])
      return found
    },
    *listAssetSubmissions(fileId, { limit, before }) {
      const found = yield* listSubmissions(fileId, limit + 1, before)
      const page = cutPage(found, limit, ({ submission }) => numberOf(submission.submissionId))
      return { submissions: page.rows, next: page.next }
    },
    *listDue(now, limit, latest = Number.MAX_SAFE_INTEGER) {
      const dueNow = yield* waitFor(listDueAt(now, limit))
      const misdated = yield* waitFor(listDueAfter(latest, limit - dueNow.length))
      const due = [...dueNow, ...misdated]
      const submissions = yield* allWithRuns(due.map(cellsAfterRun<WholeSubmissionCells>))
      const assets = new Map<string, SubmissionWithRuns[]>()
      const found: DueRun[] = []
      for (const [place, { submission, runs }] of submissions.entries()) {
        const cells = due[place]
        if (cells === undefined) continue
        const { fileId } = submission
        const known = fileId === null ? [] : assets.get(fileId)
        const ofAsset = known ?? (yield* listSubmissions(fileId ?? '', MAX_OF_ASSET, null)).toReversed()
        if (fileId !== null) assets.set(fileId, ofAsset)
        // Cell 15 is the run's due time.
        found.push(describeDueRun({ run: toRun(cells), dueAt: cells[15] ?? now, submission, runs, ofAsset }))
      }
      return found
    },
  }
}
