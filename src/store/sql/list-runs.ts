import type { ListedRun, RunFilter } from '../../domain/run-filter.ts'
import type { RunPlace, RunRows } from '../list-branches.ts'
import { waitFor } from '../transaction-work.ts'
import { ATTENTION, KIND, STATUS, textOf } from './codes.ts'
import { createNumbers, prepareList } from './list-rows.ts'
import { cellsAfterRun, RUN_COLUMNS, type RunCells, toRun } from './rows.ts'
import type { Statements } from './statements.ts'

/** The last Unicode character: a prefix followed by this character sorts after the texts with that prefix. */
const LAST_CHARACTER = '\u{10FFFF}'

type Source = keyof ReturnType<typeof createSources>

type ListedCells = [...RunCells, fileId: string | null, fileName: string | null, kind: number]

/**
 * The sources of the list (see `prepareList`); `number` has all listed runs, by row number. They name their indexes, because
 * SQLite, without statistics, would often choose others. The conditions of partial indexes are literals: SQLite could not match a
 * parameter with them.
 */
function createSources({ indexedBy, notIndexed, join }: Statements) {
  const byRun = (index: string) => `runs r ${index} ${join} submissions s ON s.n = r.submission WHERE`
  const bySubmission = (index: string) =>
    `submissions s ${index} ${join} runs r ${indexedBy('runs_submission')} ON r.submission = s.n WHERE`
  return {
    number: `${byRun(notIndexed)} r.hidden IS NULL`,
    extension: `${byRun(indexedBy('runs_name'))} r.hidden IS NULL`,
    failed: `${byRun(indexedBy('runs_attention'))} r.hidden IS NULL AND r.attention = ${ATTENTION.failed}`,
    expired: `${byRun(indexedBy('runs_attention'))} r.hidden IS NULL AND r.attention = ${ATTENTION.expired}`,
    acknowledged: `${byRun(indexedBy('runs_acknowledged'))} r.hidden IS NULL AND r.acknowledged_at IS NOT NULL`,
    contradicted: `${byRun(indexedBy('runs_contradicted'))} r.hidden IS NULL AND r.contradicted = 1`,
    overdue: `${byRun(indexedBy('runs_overdue'))} r.hidden IS NULL AND r.overdue = 1`,
    named: `${bySubmission(indexedBy('submissions_name'))} r.hidden IS NULL AND s.file_name IS NOT NULL`,
    file: `${bySubmission(indexedBy('submissions_file'))} s.file_id = ?`,
    submission: `${bySubmission('')} s.n = ? AND s.chk = ?`,
    run: `${byRun(notIndexed)} r.n = ? AND r.chk = ?`,
  }
}

/** The reads for the list of runs. */
export function createRunRows(statements: Statements): RunRows {
  const { value, indexedBy, givenRows, sortedName } = statements
  const sources = createSources(statements)
  const list = prepareList<ListedCells>(statements, `${RUN_COLUMNS}, s.file_id, s.file_name, s.kind`, 'r.n')
  const name = sortedName('file_name')
  const findNamedBeyond = value<number>(
    `SELECT 1 FROM submissions ${indexedBy('submissions_name')}
      WHERE file_name IS NOT NULL AND ${name} >= ${sortedName('?')} AND ${name} < ${sortedName('?')} LIMIT 1 OFFSET ?`,
  )
  const listedName = sortedName('s.file_name')
  return {
    numbers: createNumbers(statements, 'run', 'SELECT max(n) FROM runs'),
    findSwept: createFindSwept(statements),
    *hasMoreNamed(prefix, limit) {
      return (yield* waitFor(findNamedBeyond(prefix, prefix + LAST_CHARACTER, limit))) !== undefined
    },
    *read(filter, place, { from, before }, limit) {
      const { status, exceptCauses, acknowledged, contradicted } = filter
      const { kind, params, prefix } = sourceOf(filter, place)
      const found = yield* list(sources[kind], params, limit, [
        ['r.n >= ?', from],
        ['r.n < ?', before],
        ['r.status = ?', status && STATUS.to[status]],
        ['r.name = ?', filter.extension],
        ['r.cause = ?', filter.cause],
        [
          `r.cause IS NOT NULL AND (r.name, r.cause) NOT IN (${givenRows(2)})`,
          exceptCauses && JSON.stringify(exceptCauses),
        ],
        [
          'CASE WHEN r.acknowledged_at IS NULL THEN 0 ELSE 1 END = ?',
          acknowledged === null ? null : Number(acknowledged),
        ],
        ['r.contradicted = ?', contradicted && 1],
        ['r.requested_at >= ?', filter.since],
        ['r.requested_at < ?', filter.until],
        [`${listedName} >= ${sortedName('?')}`, prefix],
        [`${listedName} < ${sortedName('?')}`, prefix === null ? null : prefix + LAST_CHARACTER],
      ])
      return found.map(toListedRun)
    },
  }
}

/** The number of the last run that the sweep has passed; 0 before the first sweep. */
export function createFindSwept({ value }: Statements): RunRows['findSwept'] {
  const findSwept = value<number>(`SELECT value FROM metadata WHERE name = 'sweep'`)
  return function* () {
    return (yield* waitFor(findSwept())) ?? 0
  }
}

function sourceOf(
  filter: RunFilter,
  place: RunPlace,
): { kind: Source; params: unknown[]; prefix: string | null } {
  const { q } = filter
  if ('number' in place) return { kind: place.kind, params: [place.number, place.check], prefix: null }
  if (place.kind === 'file') return { kind: 'file', params: [q], prefix: null }
  return { kind: place.kind === 'listed' ? indexFor(filter) : place.kind, params: [], prefix: q }
}

function indexFor(filter: RunFilter): Source {
  const { status, extension, cause, exceptCauses, acknowledged, contradicted } = filter
  if (status === 'failed' || cause !== null || exceptCauses !== null) return 'failed'
  if (status === 'expired') return 'expired'
  if (contradicted === true) return 'contradicted'
  if (acknowledged === true) return 'acknowledged'
  return extension === null ? 'number' : 'extension'
}

function toListedRun(cells: ListedCells): ListedRun {
  const [fileId, fileName, kind] = cellsAfterRun<[string | null, string | null, number]>(cells)
  return { run: toRun(cells), fileId, fileName, kind: textOf(KIND, kind) }
}
