import type { ListedRun, RunFilter } from '../../domain/run-filter.ts'
import { createRunList, type RunPlace } from '../lists.ts'
import { KIND, STATUS, textOf } from '../sql/codes.ts'
import { besideRun, RUN_COLUMNS, type RunCells, toRun } from '../sql/rows.ts'
import type { Store } from '../store.ts'
import { type Connection, statementsOf } from './connection.ts'
import { createNumbers, prepareList } from './list-rows.ts'

/** Sorts behind whatever may follow a prefix. */
const LAST_CHARACTER = '\u{10FFFF}'

type ListedCells = [...RunCells, fileId: string | null, fileName: string | null, kind: number]

const BY_RUN = 'CROSS JOIN submissions s ON s.n = r.submission WHERE'
const BY_SUBMISSION = 'CROSS JOIN runs r INDEXED BY runs_submission ON r.submission = s.n WHERE'

/** Each names its index: without statistics SQLite would often choose another one. Conditions of partial indexes stand here as text. */
const FROM = {
  number: `runs r NOT INDEXED ${BY_RUN} r.hidden IS NULL`,
  name: `runs r INDEXED BY runs_name ${BY_RUN} r.hidden IS NULL`,
  failed: `runs r INDEXED BY runs_attention ${BY_RUN} r.hidden IS NULL AND r.attention = 1`,
  expired: `runs r INDEXED BY runs_attention ${BY_RUN} r.hidden IS NULL AND r.attention = 2`,
  acknowledged: `runs r INDEXED BY runs_acknowledged ${BY_RUN} r.hidden IS NULL AND r.acknowledged_at IS NOT NULL`,
  contradicted: `runs r INDEXED BY runs_contradicted ${BY_RUN} r.hidden IS NULL AND r.contradicted = 1`,
  overdue: `runs r INDEXED BY runs_overdue ${BY_RUN} r.hidden IS NULL AND r.overdue = 1`,
  named: `submissions s INDEXED BY submissions_name ${BY_SUBMISSION} r.hidden IS NULL AND s.file_name IS NOT NULL`,
  file: `submissions s INDEXED BY submissions_file ${BY_SUBMISSION} s.file_id = ?`,
  submission: `submissions s ${BY_SUBMISSION} s.n = ? AND s.chk = ?`,
  run: `runs r NOT INDEXED ${BY_RUN} r.n = ? AND r.chk = ?`,
}

export function createSqliteRunList(connection: Connection): Store['listRuns'] {
  const { value } = statementsOf(connection)
  const list = prepareList<ListedCells>(connection, `${RUN_COLUMNS}, s.file_id, s.file_name, s.kind`, 'r.n')
  const findSwept = value<number>(`SELECT n FROM positions WHERE name = 'sweep'`)
  const skipNamed = value<number>(
    `SELECT 1 FROM submissions INDEXED BY submissions_name
      WHERE file_name IS NOT NULL AND file_name COLLATE NOCASE >= ? AND file_name COLLATE NOCASE < ? LIMIT 1 OFFSET ?`,
  )
  return createRunList({
    numbers: createNumbers(connection, 'run', 'SELECT max(n) FROM runs'),
    findSwept: () => findSwept.get() ?? 0,
    hasMoreNamed: (prefix, most) => skipNamed.get(prefix, prefix + LAST_CHARACTER, most) !== undefined,
    read(filter, place, { from, before }, limit) {
      const { status, exceptCauses, acknowledged, contradicted } = filter
      const { source, params, prefix } = sourceOf(filter, place)
      return list(source, params, limit, [
        ['r.n >= ?', from],
        ['r.n < ?', before],
        ['r.status = ?', status && STATUS.to[status]],
        ['r.name = ?', filter.extension],
        ['r.cause = ?', filter.cause],
        [
          'r.cause IS NOT NULL AND (r.name, r.cause) NOT IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))',
          exceptCauses && JSON.stringify(exceptCauses),
        ],
        ['(r.acknowledged_at IS NOT NULL) = ?', acknowledged === null ? null : Number(acknowledged)],
        ['r.contradicted = ?', contradicted && 1],
        ['r.requested_at >= ?', filter.since],
        ['r.requested_at < ?', filter.until],
        ['s.file_name COLLATE NOCASE >= ?', prefix],
        ['s.file_name COLLATE NOCASE < ?', prefix === null ? null : prefix + LAST_CHARACTER],
      ]).map(toListedRun)
    },
  })
}

function sourceOf(
  filter: RunFilter,
  place: RunPlace,
): { source: string; params: unknown[]; prefix: string | null } {
  const { q } = filter
  if ('number' in place)
    return { source: FROM[place.kind], params: [place.number, place.check], prefix: null }
  if (place.kind === 'file') return { source: FROM.file, params: [q], prefix: null }
  return { source: FROM[place.kind === 'listed' ? indexFor(filter) : place.kind], params: [], prefix: q }
}

function indexFor(filter: RunFilter): keyof typeof FROM {
  const { status, extension, cause, exceptCauses, acknowledged, contradicted } = filter
  if (status === 'failed' || cause !== null || exceptCauses !== null) return 'failed'
  if (status === 'expired') return 'expired'
  if (contradicted === true) return 'contradicted'
  if (acknowledged === true) return 'acknowledged'
  return extension === null ? 'number' : 'name'
}

function toListedRun(cells: ListedCells): ListedRun {
  const [fileId, fileName, kind] = besideRun<[string | null, string | null, number]>(cells)
  return { run: toRun(cells), fileId, fileName, kind: textOf(KIND, kind) }
}
