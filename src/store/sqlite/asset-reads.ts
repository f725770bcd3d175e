import type { AssetFacts } from '../../domain/asset.ts'
import type { DueRun } from '../../domain/finding.ts'
import { parseId } from '../../domain/ids.ts'
import type { Run } from '../../domain/run.ts'
import type { Submission } from '../../domain/submission.ts'
import type { Connection } from './connection.ts'
import {
  besideRun,
  RUN_COLUMNS,
  RUNS,
  type RunCells,
  toRun,
  toSubmission,
  WHOLE_SUBMISSION_COLUMNS,
  type WholeSubmissionCells,
} from './rows.ts'

/** Of an asset with thousands of submissions, evidence is compared with the newest. */
const OTHERS = { limit: 100, before: null }

type AssetSubmission = { n: number; submission: Submission; runs: Run[] }

/** What is read of assets, their submissions and their due runs. */
export function createAssetReads(connection: Connection) {
  const read = <Cells extends unknown[]>(sql: string) => connection.prepare<unknown[], Cells>(sql).raw()
  const listCurrentRuns = read<RunCells>(
    `SELECT ${RUN_COLUMNS} FROM current_runs c JOIN runs r ON r.n = c.run JOIN submissions s ON s.n = r.submission
      WHERE c.file_id = ? ORDER BY s.n, r.n`,
  )
  const findUpdatedAt = connection
    .prepare<[string], number>(
      'SELECT updated_at FROM submissions WHERE file_id = ? AND state <> 2 ORDER BY n DESC LIMIT 1',
    )
    .pluck()
  const findSubmission = read<WholeSubmissionCells>(
    `SELECT ${WHOLE_SUBMISSION_COLUMNS} FROM submissions s WHERE s.n = ? AND s.chk = ?`,
  )
  const listRunsOf = read<RunCells>(`SELECT ${RUN_COLUMNS} FROM ${RUNS} WHERE r.submission = ? ORDER BY r.n`)
  const listOfFile = read<WholeSubmissionCells>(
    `SELECT ${WHOLE_SUBMISSION_COLUMNS} FROM submissions s WHERE s.file_id = ? AND s.n < ? ORDER BY s.n DESC LIMIT ?`,
  )
  const due = `SELECT ${RUN_COLUMNS}, ${WHOLE_SUBMISSION_COLUMNS} FROM ${RUNS} WHERE`
  type DueCells = [...RunCells, ...WholeSubmissionCells]
  const listDueAt = read<DueCells>(`${due} r.due_at <= ? ORDER BY r.due_at, r.n LIMIT ?`)
  const listDueAfter = read<DueCells>(`${due} r.due_at > ? ORDER BY r.due_at, r.n LIMIT ?`)

  /** The newest, or those before a number; the oldest first. */
  const listSubmissions = (
    fileId: string,
    { limit, before }: { limit: number; before: number | null },
  ): AssetSubmission[] =>
    listOfFile
      .all(fileId, before ?? Number.MAX_SAFE_INTEGER, limit)
      .map((cells) => ({
        n: cells[0],
        submission: toSubmission(cells),
        runs: listRunsOf.all(cells[0]).map(toRun),
      }))
      .toReversed()

  return {
    findAsset(fileId: string): AssetFacts | undefined {
      const recordedAt = findUpdatedAt.get(fileId)
      if (recordedAt === undefined) return undefined
      return { fileId, recordedAt, runs: listCurrentRuns.all(fileId).map(toRun) }
    },
    findSubmission(submissionId: string): { submission: Submission; runs: Run[] } | undefined {
      const at = parseId('sub', submissionId)
      const cells = at && findSubmission.get(at.number, at.check)
      return cells && { submission: toSubmission(cells), runs: listRunsOf.all(cells[0]).map(toRun) }
    },
    listAssetSubmissions(fileId: string, { limit, before }: { limit: number; before: number | null }) {
      const found = listSubmissions(fileId, { limit: limit + 1, before }).toReversed()
      const page = found.slice(0, limit)
      const submissions = page.map(({ submission, runs }) => ({ submission, runs }))
      return { submissions, next: found.length > limit ? (page.at(-1)?.n ?? null) : null }
    },
    listDue(now: number, limit: number, latest = Number.MAX_SAFE_INTEGER): DueRun[] {
      const assets = new Map<string, AssetSubmission[]>()
      const dueNow = listDueAt.all(now, limit)
      const misdated = listDueAfter.all(latest, limit - dueNow.length)
      return [...dueNow, ...misdated].map((cells) => {
        const run = toRun(cells)
        const dueAt = cells[14] ?? now
        const n = cells[2]
        const submission = toSubmission(besideRun<WholeSubmissionCells>(cells))
        const siblings = listRunsOf
          .all(n)
          .map(toRun)
          .filter(({ runId }) => runId !== run.runId)
          .map(({ name }) => name)
        const { fileId } = submission
        const related = fileId === null ? [] : (assets.get(fileId) ?? listSubmissions(fileId, OTHERS))
        if (fileId !== null) assets.set(fileId, related)
        const others = related
          .filter((other) => other.n !== n)
          .map((other) => {
            const place: 'earlier' | 'later' = other.n < n ? 'earlier' : 'later'
            return { submission: other.submission, runs: other.runs, place }
          })
        return { run, dueAt, submission, siblings, others }
      })
    },
  }
}
