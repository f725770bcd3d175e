import type { Connection } from '../../src/store/sqlite/connection.ts'

/** Records the SQL that the connection prepares from now on, with each white space as one space. The returned set grows. */
export function watchStatements(connection: Connection): ReadonlySet<string> {
  const prepare = connection.prepare.bind(connection)
  const prepared = new Set<string>()
  connection.prepare = ((sql: string) => {
    prepared.add(sql.replace(/\s+/g, ' '))
    return prepare(sql)
  }) as Connection['prepare']
  return prepared
}
