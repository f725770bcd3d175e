import type { ListNumbers } from '../read-list.ts'
import { type Connection, statementsOf } from './connection.ts'
import { HOURS } from './stats.ts'

/** A condition that is left out if what it is compared with is null. */
type Condition = [sql: string, value: unknown]

/** Reads the newest rows of a source, which ends in a condition. Statements are prepared once for each filter that is used. */
export function prepareList<Cells>(connection: Connection, columns: string, number: string) {
  const { rows } = statementsOf(connection)
  const prepared = new Map<string, ReturnType<typeof rows<Cells>>>()
  return (source: string, params: unknown[], limit: number, conditions: readonly Condition[]): Cells[] => {
    const asked = conditions.filter(([, value]) => value !== null)
    const where = [source, ...asked.map(([sql]) => sql)].join(' AND ')
    const sql = `SELECT ${columns} FROM ${where} ORDER BY ${number} DESC LIMIT ?`
    const statement = prepared.get(sql) ?? rows<Cells>(sql)
    prepared.set(sql, statement)
    return statement.all(...params, ...asked.map(([, value]) => value), limit)
  }
}

/** The numbers of runs, or of deliveries. `last` selects the greatest. */
export function createNumbers(connection: Connection, of: 'run' | 'delivery', last: string): ListNumbers {
  const { value } = statementsOf(connection)
  const findLast = value<number | null>(last)
  return { findLast: () => findLast.get() ?? 0, findBounds: createFindBounds(connection, of) }
}

export function createFindBounds(connection: Connection, of: 'run' | 'delivery'): ListNumbers['findBounds'] {
  const { rows } = statementsOf(connection)
  const findBounds = rows<[least: number | null, greatest: number | null]>(
    `SELECT min(${of}_least), max(${of}_greatest) FROM ${HOURS} WHERE hour >= ? AND hour <= ?`,
  )
  return (firstHour, lastHour) => {
    const [from = null, greatest = null] = findBounds.get(firstHour, lastHour) ?? []
    return from === null || greatest === null ? undefined : { from, before: greatest + 1 }
  }
}
