import type { Connection } from '../../src/store/sqlite/connection.ts'

/**
 * Records the SQL of the statements that the connection prepares from now on, in the returned set, which grows. Each sequence of white
 * space becomes one space.
 */
export function watchStatements(connection: Connection): ReadonlySet<string> {
  const prepare = connection.prepare.bind(connection)
  const prepared = new Set<string>()
  connection.prepare = ((sql: string) => {
    prepared.add(sql.replace(/\s+/g, ' '))
    return prepare(sql)
  }) as Connection['prepare']
  return prepared
}
