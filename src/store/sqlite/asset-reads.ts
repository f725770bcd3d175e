import type { AssetFacts } from '../../domain/asset.ts'
import { type DueRun, describeDueRun } from '../../domain/finding.ts'
import { numberOf, parseId } from '../../domain/ids.ts'
import type { Run } from '../../domain/run.ts'
import type { Submission } from '../../domain/submission.ts'
import type { Read } from '../gathered-reads.ts'
import { cutPage, type Page } from '../read-list.ts'
import {
  besideRun,
  RUN_COLUMNS,
  RUNS,
  type RunCells,
  toRun,
  toSubmission,
  WHOLE_SUBMISSION_COLUMNS,
  type WholeSubmissionCells,
} from '../sql/rows.ts'
import { type Connection, statementsOf } from './connection.ts'
import { isBusy } from './store-error.ts'

/** Of an asset with thousands of submissions, evidence is compared with the newest. */
const MAX_OTHERS = 100

type WithRuns = { submission: Submission; runs: Run[] }

/** What is read of assets, their submissions and their due runs. */
export function createAssetReads(connection: Connection) {
  const { rows, value } = statementsOf(connection)
  const listCurrentRuns = rows<RunCells>(
    `SELECT ${RUN_COLUMNS} FROM current_runs c JOIN runs r ON r.n = c.run WHERE c.file_id = ? ORDER BY r.submission, r.n`,
  )
  const findUpdatedAt = value<number>(
    'SELECT updated_at FROM submissions WHERE file_id = ? AND state <> 2 ORDER BY n DESC LIMIT 1',
  )
  const findSubmission = rows<WholeSubmissionCells>(
    `SELECT ${WHOLE_SUBMISSION_COLUMNS} FROM submissions s WHERE s.n = ? AND s.chk = ?`,
  )
  const listRunsOf = rows<RunCells>(`SELECT ${RUN_COLUMNS} FROM runs r WHERE r.submission = ? ORDER BY r.n`)
  const listOfFile = rows<WholeSubmissionCells>(
    `SELECT ${WHOLE_SUBMISSION_COLUMNS} FROM submissions s WHERE s.file_id = ? AND s.n < ? ORDER BY s.n DESC LIMIT ?`,
  )
  const due = `SELECT ${RUN_COLUMNS}, ${WHOLE_SUBMISSION_COLUMNS} FROM ${RUNS} WHERE`
  type DueCells = [...RunCells, ...WholeSubmissionCells]
  const listDueAt = rows<DueCells>(`${due} r.due_at <= ? ORDER BY r.due_at, r.n LIMIT ?`)
  const listDueAfter = rows<DueCells>(`${due} r.due_at > ? ORDER BY r.due_at, r.n LIMIT ?`)

  const withRuns = (cells: WholeSubmissionCells): WithRuns => ({
    submission: toSubmission(cells),
    runs: listRunsOf.all(cells[0]).map(toRun),
  })
  /** The newest, or those before a number. */
  const listSubmissions = (fileId: string, limit: number, before: number | null): WithRuns[] =>
    listOfFile.all(fileId, before ?? Number.MAX_SAFE_INTEGER, limit).map(withRuns)

  return {
    findAsset(fileId: string): AssetFacts | undefined {
      const recordedAt = findUpdatedAt.get(fileId)
      if (recordedAt === undefined) return undefined
      return { fileId, recordedAt, runs: listCurrentRuns.all(fileId).map(toRun) }
    },
    findSubmission(submissionId: string): WithRuns | undefined {
      const at = parseId('sub', submissionId)
      const cells = at && findSubmission.get(at.number, at.check)
      return cells && withRuns(cells)
    },
    listAssetSubmissions(fileId: string, { limit, before }: Page) {
      const found = listSubmissions(fileId, limit + 1, before)
      const page = cutPage(found, limit, ({ submission }) => numberOf(submission.submissionId))
      return { submissions: page.rows, next: page.next }
    },
    listDue(now: number, limit: number, latest = Number.MAX_SAFE_INTEGER): DueRun[] {
      const assets = new Map<string, WithRuns[]>()
      const listOfAsset = (fileId: string) => {
        const ofAsset = assets.get(fileId) ?? listSubmissions(fileId, MAX_OTHERS, null).toReversed()
        assets.set(fileId, ofAsset)
        return ofAsset
      }
      const dueNow = listDueAt.all(now, limit)
      const misdated = listDueAfter.all(latest, limit - dueNow.length)
      return [...dueNow, ...misdated].map((cells) => {
        const { submission, runs } = withRuns(besideRun<WholeSubmissionCells>(cells))
        const ofAsset = submission.fileId === null ? [] : listOfAsset(submission.fileId)
        return describeDueRun({ run: toRun(cells), dueAt: cells[15] ?? now, submission, runs, ofAsset })
      })
    },
  }
}

/** Reads in one transaction, so that a read that fails fails alone. */
export function readTogether<T>(
  connection: Connection,
  read: (key: string) => T,
): (keys: readonly string[]) => Read<T>[] {
  return connection.transaction((keys: readonly string[]) =>
    keys.map((key) => {
      try {
        return { found: read(key) }
      } catch (error) {
        // Each of them would wait for who holds the file, and the whole process with it.
        if (isBusy(error)) throw error
        return { error }
      }
    }),
  )
}
