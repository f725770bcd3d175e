import { parseId } from '../../domain/ids.ts'
import type { ListedRun, RunFilter } from '../../domain/run-filter.ts'
import { hourOf } from '../../domain/stat-counters.ts'
import { KIND, STATUS, textOf } from './codes.ts'
import type { Connection } from './connection.ts'
import { besideRun, RUN_COLUMNS, type RunCells, toRun } from './rows.ts'
import { HOURS } from './stats.ts'
import { readWindows, type Window } from './windows.ts'

/** So many names are read from their index. Where more match, the runs of a window are compared. */
const MAX_NAMED = 3_000

/** Sorts behind whatever may follow a prefix. */
const LAST_CHARACTER = '\u{10FFFF}'

/** Which rows of an index are read, and what they are compared with. */
type Source = { index: string; conditions: string[]; params: unknown[] }

type ListedCells = [...RunCells, fileId: string | null, fileName: string | null, kind: number]

/** Lists runs, the newest first. Each statement names its index: without statistics SQLite would often choose another one. */
export function createRunList(connection: Connection) {
  const prepare = createCache((sql) => connection.prepare<unknown[], ListedCells>(sql).raw())
  const findSwept = connection.prepare<[], number>(`SELECT n FROM positions WHERE name = 'sweep'`).pluck()
  const findLast = connection.prepare<[], number | null>('SELECT max(n) FROM runs').pluck()
  const findBounds = connection
    .prepare<[number, number], [least: number | null, greatest: number | null]>(
      `SELECT min(run_least), max(run_greatest) FROM ${HOURS} WHERE hour >= ? AND hour <= ?`,
    )
    .raw()
  const skipNamed = connection
    .prepare<[string, string, number], number>(
      `SELECT 1 FROM submissions INDEXED BY submissions_name
        WHERE file_name IS NOT NULL AND file_name COLLATE NOCASE >= ? AND file_name COLLATE NOCASE < ? LIMIT 1 OFFSET ?`,
    )
    .pluck()

  const read = (
    { index, conditions, params }: Source,
    { from, before }: Window,
    limit: number,
  ): ListedCells[] => {
    const where = ['r.n >= ?', 'r.n < ?', ...conditions].join(' AND ')
    const sql = `SELECT ${RUN_COLUMNS}, s.file_id, s.file_name, s.kind FROM ${index} WHERE ${where} ORDER BY r.n DESC LIMIT ?`
    return prepare(sql).all(from, before, ...params, limit)
  }
  const readPending = (source: Source, { from, before }: Window, limit: number): ListedCells[] => {
    // Up to where the sweep has come, what is still pending is overdue.
    const swept = findSwept.get() ?? 0
    const above = { from: Math.max(from, swept + 1), before }
    const newer = above.from < above.before ? read(source, above, limit) : []
    const below = { from, before: Math.min(before, swept + 1) }
    if (newer.length >= limit || below.from >= below.before) return newer
    const overdue = { ...source, index: RUNS_BY.overdue, conditions: ['r.overdue = 1', ...source.conditions] }
    return [...newer, ...read(overdue, below, limit - newer.length)]
  }
  /** The numbers among which the runs stand that were requested in the filter's time; undefined if there are none. */
  const boundsOf = ({ since, until }: RunFilter): Window | undefined => {
    if (since === null && until === null) return { from: 1, before: (findLast.get() ?? 0) + 1 }
    const last = until === null ? Number.MAX_SAFE_INTEGER : hourOf(until - 1)
    const [least = null, greatest = null] =
      findBounds.get(since === null ? Number.MIN_SAFE_INTEGER : hourOf(since), last) ?? []
    return least === null || greatest === null ? undefined : { from: least, before: greatest + 1 }
  }
  const readerOf = (filter: RunFilter) => {
    const source = sourceOf(filter)
    const isPending = filter.status === 'pending'
    const readSource = isPending ? readPending : read
    const { q } = filter
    if (q === null)
      return { isWindowed: true, read: (window: Window, limit: number) => readSource(source, window, limit) }
    const names = [q, q + LAST_CHARACTER] as const
    const isWindowed = skipNamed.get(...names, MAX_NAMED) !== undefined
    const named: Source = {
      index: isWindowed ? source.index : RUNS_BY.fileName,
      conditions: [...source.conditions, ...NAMED],
      params: [...source.params, ...names],
    }
    const exact = exactSources(filter, q)
    return {
      isWindowed,
      read(window: Window, limit: number) {
        const byName = isWindowed ? readSource(named, window, limit) : read(named, window, limit)
        const found = exact.flatMap((one) => read(one, window, limit))
        const distinct = new Map([...byName, ...found].map((cells) => [cells[0], cells]))
        return [...distinct.values()].toSorted((one, other) => other[0] - one[0]).slice(0, limit)
      },
    }
  }

  return async (
    filter: RunFilter,
    { limit, before }: { limit: number; before: number | null },
  ): Promise<{ runs: ListedRun[]; next: number | null }> => {
    const bounds = boundsOf(filter)
    if (bounds === undefined) return { runs: [], next: null }
    const window = { from: bounds.from, before: Math.min(bounds.before, before ?? bounds.before) }
    const numberOf = (cells: ListedCells) => cells[0]
    const { rows, next } = await readWindows(window, limit, { ...readerOf(filter), numberOf })
    return { runs: rows.map(toListedRun), next }
  }
}

const WITH_SUBMISSION = 'CROSS JOIN submissions s ON s.n = r.submission'

const RUNS_BY = {
  number: `runs r NOT INDEXED ${WITH_SUBMISSION}`,
  name: `runs r INDEXED BY runs_name ${WITH_SUBMISSION}`,
  attention: `runs r INDEXED BY runs_attention ${WITH_SUBMISSION}`,
  overdue: `runs r INDEXED BY runs_overdue ${WITH_SUBMISSION}`,
  acknowledged: `runs r INDEXED BY runs_acknowledged ${WITH_SUBMISSION}`,
  contradicted: `runs r INDEXED BY runs_contradicted ${WITH_SUBMISSION}`,
  submission: 'submissions s CROSS JOIN runs r INDEXED BY runs_submission ON r.submission = s.n',
  file: 'submissions s INDEXED BY submissions_file CROSS JOIN runs r INDEXED BY runs_submission ON r.submission = s.n',
  fileName:
    'submissions s INDEXED BY submissions_name CROSS JOIN runs r INDEXED BY runs_submission ON r.submission = s.n',
}

const NAMED = ['s.file_name IS NOT NULL', 's.file_name COLLATE NOCASE >= ?', 's.file_name COLLATE NOCASE < ?']

/** Runs of rejected submissions match by their exact id only. */
function sourceOf(filter: RunFilter): Source {
  const { status, extension, cause, exceptCauses, acknowledged, contradicted } = filter
  const { conditions, params } = conditionsOf(filter)
  conditions.push('r.hidden IS NULL')
  const of = (index: string, ...own: string[]) => ({ index, conditions: [...own, ...conditions], params })
  if (status === 'failed' || cause !== null || exceptCauses !== null)
    return of(RUNS_BY.attention, 'r.attention = 1')
  if (status === 'expired') return of(RUNS_BY.attention, 'r.attention = 2')
  if (contradicted === true) return of(RUNS_BY.contradicted)
  if (acknowledged === true) return of(RUNS_BY.acknowledged)
  return of(extension === null ? RUNS_BY.number : RUNS_BY.name)
}

function exactSources(filter: RunFilter, q: string): Source[] {
  const { conditions, params } = conditionsOf(filter)
  const of = (index: string, own: string[], values: unknown[]) => ({
    index,
    conditions: [...conditions, ...own],
    params: [...params, ...values],
  })
  const run = parseId('run', q)
  const submission = parseId('sub', q)
  return [
    of(RUNS_BY.file, ['s.file_id = ?'], [q]),
    ...(run ? [of(RUNS_BY.number, ['r.n = ?', 'r.chk = ?'], [run.number, run.check])] : []),
    ...(submission
      ? [of(RUNS_BY.submission, ['s.n = ?', 's.chk = ?'], [submission.number, submission.check])]
      : []),
  ]
}

function conditionsOf(filter: RunFilter): { conditions: string[]; params: unknown[] } {
  const { status, extension, cause, exceptCauses, acknowledged, contradicted, since, until } = filter
  const conditions: string[] = []
  const params: unknown[] = []
  const add = (condition: string, ...values: unknown[]) => {
    conditions.push(condition)
    params.push(...values)
  }
  if (status !== null) add('r.status = ?', STATUS.to[status])
  if (extension !== null) add('r.name = ?', extension)
  if (cause !== null) add('r.cause = ?', cause)
  if (exceptCauses !== null)
    add(
      'r.cause IS NOT NULL AND (r.name, r.cause) NOT IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))',
      JSON.stringify(exceptCauses),
    )
  if (acknowledged !== null) add(`r.acknowledged_at IS ${acknowledged ? 'NOT NULL' : 'NULL'}`)
  if (contradicted === true) add('r.contradicted = 1')
  if (since !== null) add('r.requested_at >= ?', since)
  if (until !== null) add('r.requested_at < ?', until)
  return { conditions, params }
}

function toListedRun(cells: ListedCells): ListedRun {
  const [fileId, fileName, kind] = besideRun<[string | null, string | null, number]>(cells)
  return { run: toRun(cells), fileId, fileName, kind: textOf(KIND, kind) }
}

/** Statements are prepared once for each filter that is used. */
export function createCache<T>(make: (sql: string) => T): (sql: string) => T {
  const made = new Map<string, T>()
  return (sql) => {
    const known = made.get(sql) ?? make(sql)
    made.set(sql, known)
    return known
  }
}
