import { DatabaseStartError } from '../../domain/errors.ts'
import type { CopiedCell, CopiedTable, CopyTarget } from '../copy-database.ts'
import { columnTypes, readableJson } from './column-types.ts'
import { BEGIN_LOCKED, createPartitionsOf } from './partitions.ts'
import type { Session } from './pool.ts'
import { prepared, withoutNul } from './prepared.ts'

/** For each table, the key of the last copied row. While `unfinished_copy` exists, `openPostgresStore` rejects the database. */
const CREATE_PROGRESS = 'CREATE TABLE unfinished_copy (name text PRIMARY KEY, last json NOT NULL)'

const FIND_PROGRESS = prepared(`SELECT to_regclass('unfinished_copy') IS NOT NULL`)
const FIND_LAST = prepared('SELECT last FROM unfinished_copy WHERE name = ?')
const SAVE_LAST = prepared(
  'INSERT INTO unfinished_copy (name, last) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last = excluded.last',
)
/** The days that these deliveries count as inserted on, each as the time at which it starts. */
const FIND_DAYS = prepared(
  'SELECT DISTINCT (extract(epoch FROM inserted_on) * 1000)::bigint FROM deliveries WHERE n = ANY (?::bigint[])',
)

/** The number of copied rows that are read at once, to compare them with the original. */
const ROWS_AT_ONCE = 1_000

export async function hasUnfinishedCopy(session: Session): Promise<boolean> {
  const [[exists] = [false]] = await session.rows<[boolean]>(FIND_PROGRESS)
  return exists
}

/** The target of a copy: a migrated database, on one connection. */
export function createCopyTarget(session: Session): CopyTarget {
  return {
    async begin(tables) {
      if (await hasUnfinishedCopy(session)) return
      for (const { name } of tables) {
        const found = await session.rows(prepared(`SELECT 1 FROM ${name} LIMIT 1`))
        if (found.length > 0)
          throw new DatabaseStartError(
            `The target database is not empty: there are rows in ${name}. Copy into a new database.`,
          )
      }
      await session.execute(CREATE_PROGRESS)
    },
    async findLast({ name }) {
      const [[last] = [null]] = await session.rows<[string | null]>(FIND_LAST, [name])
      return last === null ? null : readKey(last)
    },
    async write(table, rows, last) {
      await session.execute(BEGIN_LOCKED)
      if (table.name === 'delivery_bodies') {
        // The table `deliveries` has already been copied.
        const numbers = rows.map((row) => row[table.columns.indexOf('n')])
        const days = await session.rows<[number]>(FIND_DAYS, [numbers])
        await createPartitionsOf(session, days.flat())
      }
      const columns = table.columns.map((_, place) => rows.map((row) => row[place]))
      await session.rows(prepared(insertStatement(table)), columns)
      await session.rows(SAVE_LAST, [table.name, writeKey(last)])
      await session.execute('COMMIT')
    },
    stored({ name, columns }, row) {
      const types = columnTypes(name)
      return columns.map((column, place) => {
        const cell = row[place] ?? null
        if (typeof cell !== 'string') return cell
        return types.get(column) === 'json' ? readableJson(cell) : String(withoutNul(cell))
      })
    },
    read({ name, columns, key }, after) {
      const keys = key.join(', ')
      const condition = after === null ? 'true' : `(${keys}) > (${key.map(() => '?').join(', ')})`
      const sql = `SELECT ${columns.join(', ')} FROM ${name} WHERE ${condition} ORDER BY ${keys} LIMIT ${ROWS_AT_ONCE}`
      return session.rows<CopiedCell[]>(prepared(sql), after ?? [])
    },
    async finish() {
      await session.execute('ANALYZE')
      // This commit also flushes the earlier ones, which did not wait for the disk if `synchronous_commit` is off.
      await session.execute(
        `BEGIN; SET LOCAL synchronous_commit = on; ${SET_SEQUENCES}; DROP TABLE unfinished_copy; COMMIT`,
      )
    },
  }
}

const NOW_MS = '(extract(epoch FROM now()) * 1000)'

/**
 * Limits the number of partitions: a delivery that is older than this counts as this old, and one dated into the future counts as
 * received today.
 */
const MAX_DAYS = 400
const DAY_OF_RECEIPT = `(to_timestamp(least(greatest(given.received_at, ${NOW_MS} - ${MAX_DAYS} * 86400000.0), ${NOW_MS}) / 1000)
  AT TIME ZONE 'UTC')::date`

function insertStatement({ name, columns }: CopiedTable): string {
  const types = columnTypes(name)
  const values = `unnest(${columns.map((column) => `?::${types.get(column)}[]`).join(', ')}) AS given(${columns.join(', ')})`
  const insert = (day: string) =>
    `INSERT INTO ${name} (${columns.join(', ')}${day && ', inserted_on'}) SELECT given.*${day && `, ${day}`} FROM ${values}`
  if (name === 'deliveries') return insert(DAY_OF_RECEIPT)
  if (name === 'delivery_bodies') return `${insert('d.inserted_on')} JOIN deliveries d ON d.n = given.n`
  return insert('')
}

/**
 * New rows get numbers above all copied ones. The numbers of new runs are also above that of the last run that the sweep has
 * passed, because the sweep never returns to lower numbers.
 */
const SET_SEQUENCES = [
  setSequence(`'submission_numbers'`, '(SELECT max(n) FROM submissions)'),
  setSequence(
    `'run_numbers'`,
    `(SELECT max(n) FROM runs), (SELECT value FROM metadata WHERE name = 'sweep')`,
  ),
  setSequence(
    `'delivery_numbers'`,
    '(SELECT max(n) FROM deliveries), (SELECT max(n) FROM rejected_deliveries)',
  ),
  ...['counter_deltas', 'audit_log', 'retries', 'retry_items', 'probes'].map((table) =>
    setSequence(`pg_get_serial_sequence('${table}', 'n')`, `(SELECT max(n) FROM ${table})`),
  ),
].join('; ')

function setSequence(sequence: string, numbers: string): string {
  return `SELECT setval(${sequence}, greatest(1, ${numbers}))`
}

/** Writes bytes as an object, because JSON has no type for them. */
function writeKey(key: readonly CopiedCell[]): string {
  return JSON.stringify(
    key.map((cell) => (Buffer.isBuffer(cell) ? { base64: cell.toString('base64') } : cell)),
  )
}

function readKey(text: string): CopiedCell[] {
  const key: (Exclude<CopiedCell, Buffer> | { base64: string })[] = JSON.parse(text)
  return key.map((cell) =>
    typeof cell === 'object' && cell !== null ? Buffer.from(cell.base64, 'base64') : cell,
  )
}
