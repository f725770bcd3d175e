import type { TableName, Tables } from '../../domain/decide/rows.ts'
import type { Key } from '../../domain/decide/step.ts'
import { digestOf } from '../forget-asset.ts'
import { createFinders, type Finder } from '../sql/find-rows.ts'
import type { WorkingSet } from '../working-set.ts'
import type { Connection } from './connection.ts'
import { createStatements } from './statements.ts'

/** Loads the rows of a batch inside its transaction. Work of `processId` is in progress, so no key finds it as unfinished. */
export function createLoadRows(
  connection: Connection,
  processId: number,
): (keys: readonly Key[], into: WorkingSet) => void {
  const statements = createStatements(connection)
  const finders = createFinders(processId, statements)
  const prepared = new Map<Key[0], ReturnType<typeof prepareFinder<Tables[TableName]>>>()
  // `Object.entries` loses the type of the keys, which are the kinds.
  for (const [kind, finder] of Object.entries<Finder<Tables[TableName]>>(finders))
    prepared.set(kind as keyof typeof finders, prepareFinder(connection, finder))
  const isForgotten = statements.value<number>('SELECT 1 FROM forgotten WHERE digest = ?')
  return (keys, into) => {
    for (const key of keys) {
      if (into.isLoaded(key)) continue
      const [kind, id, name = ''] = key
      if (kind === 'forgotten') into.loadForgotten(id, isForgotten(digestOf(id)) !== undefined)
      else into.load(key, prepared.get(kind)?.(id, name) ?? [])
    }
  }
}

function prepareFinder<Row>(connection: Connection, { sql, paramsOf, isSingle, toRow }: Finder<Row>) {
  const statement = connection.prepare<unknown[], never>(sql).raw()
  return (id: string, name: string): Row[] => {
    const params = paramsOf(id, name)
    if (params === undefined) return []
    if (!isSingle) return statement.all(...params).map(toRow)
    // `all` would check for another row, which took half as long again.
    const cells = statement.get(...params)
    return cells === undefined ? [] : [toRow(cells)]
  }
}
