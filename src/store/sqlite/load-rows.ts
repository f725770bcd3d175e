import type { Key } from '../../domain/decide/step.ts'
import type { LeaseRow, TableName, Tables } from '../../domain/decide/tables.ts'
import { digestOf } from '../forget-asset.ts'
import { createFinders, type Finder } from '../sql/find-rows.ts'
import type { WorkingSet } from '../working-set.ts'
import type { Connection } from './connection.ts'
import { createStatements, DIALECT } from './statements.ts'

/** What batches read, inside their transaction. Work of `processId` counts as under way, not as abandoned. */
export function createRowReads(connection: Connection, processId: number) {
  const { value } = createStatements(connection)
  const finders = createFinders(processId, DIALECT)
  const finds = new Map<Key[0], ReturnType<typeof prepareFinder<Tables[TableName]>>>()
  // The kinds are the keys.
  for (const [kind, finder] of Object.entries<Finder<Tables[TableName]>>(finders))
    finds.set(kind as keyof typeof finders, prepareFinder(connection, finder))
  const findLease = prepareFinder(connection, finders.leases)
  const isForgotten = value<number>('SELECT 1 FROM forgotten WHERE digest = ?')
  return {
    load: (keys: readonly Key[], into: WorkingSet): void => {
      for (const key of keys) {
        if (into.isLoaded(key)) continue
        const [kind, id, name = ''] = key
        if (kind === 'forgotten') into.loadForgotten(id, isForgotten(digestOf(id)) !== undefined)
        else into.load(key, finds.get(kind)?.(id, name) ?? [])
      }
    },
    findLease: (name: string): LeaseRow | undefined => findLease(name, '')[0],
  }
}

function prepareFinder<Row>(connection: Connection, { sql, paramsOf, isSingle, toRow }: Finder<Row>) {
  const statement = connection.prepare<unknown[], never>(sql).raw()
  return (id: string, name: string): Row[] => {
    const params = paramsOf(id, name)
    if (params === undefined) return []
    if (!isSingle) return statement.all(...params).map(toRow)
    // To read on until there is no other row took half as long again.
    const cells = statement.get(...params)
    return cells === undefined ? [] : [toRow(cells)]
  }
}
