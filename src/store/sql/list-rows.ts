import type { ListNumbers } from '../list-pages.ts'
import { waitFor } from '../transaction-work.ts'
import type { Query, Statements } from './statements.ts'

/** A condition and the value of its parameter. If the value is null, the condition is omitted. */
type Condition = [sql: string, value: unknown]

/**
 * Returns a function that reads the newest rows of a source. `source` is the text after FROM, including WHERE and a first
 * condition, whose parameters are `params`. `number` is the column with the row number, by which the rows are ordered. Prepares
 * one statement for each combination of source and conditions.
 */
export function prepareList<Cells>({ rows }: Statements, columns: string, number: string) {
  const prepared = new Map<string, Query<Cells[]>>()
  return (source: string, params: unknown[], limit: number, conditions: readonly Condition[]) => {
    const used = conditions.filter(([, value]) => value !== null)
    const from = [source, ...used.map(([sql]) => sql)].join(' AND ')
    const sql = `SELECT ${columns} FROM ${from} ORDER BY ${number} DESC LIMIT ?`
    const list = prepared.get(sql) ?? rows<Cells>(sql)
    prepared.set(sql, list)
    return waitFor(list(...params, ...used.map(([, value]) => value), limit))
  }
}

/**
 * The number ranges of a list. `of`: whether its rows have the numbers of runs, as notifications do, or those of deliveries.
 * `last` is the statement that selects the greatest number.
 */
export function createNumbers(statements: Statements, of: 'run' | 'delivery', last: string): ListNumbers {
  const findLast = statements.value<number | null>(last)
  return {
    *findLast() {
      return (yield* waitFor(findLast())) ?? 0
    },
    findBounds: createFindBounds(statements, of),
  }
}

/** Finds the number range of some hours, in the folded hours and in the deltas that are not folded yet. */
export function createFindBounds(
  { row, hoursOfDeltas }: Statements,
  of: 'run' | 'delivery',
): ListNumbers['findBounds'] {
  const findBounds = row<[least: number | null, greatest: number | null]>(
    `SELECT min(first_${of}), max(last_${of}) FROM (
      SELECT hour, first_run, last_run, first_delivery, last_delivery FROM hours UNION ALL ${hoursOfDeltas}) AS known
      WHERE hour >= ? AND hour <= ?`,
  )
  return function* (firstHour, lastHour) {
    const [from = null, greatest = null] = (yield* waitFor(findBounds(firstHour, lastHour))) ?? []
    return from === null || greatest === null ? undefined : { from, before: greatest + 1 }
  }
}
