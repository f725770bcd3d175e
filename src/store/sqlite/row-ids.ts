import type { IdKind, NewIds } from '../../domain/ids.ts'
import { createNewIds } from '../new-ids.ts'
import type { Connection } from './connection.ts'

/** Ids from counters in memory. Only for use inside a transaction. */
export type RowIds = NewIds & {
  /** Call it if another connection may have inserted rows. */
  readAgain: () => void
}

/**
 * The last number in use, by kind. For runs it is at least the position of the sweep, because the sweep never goes back to lower
 * numbers.
 */
const LAST = {
  sub: 'SELECT coalesce(max(n), 0) FROM submissions',
  run: `SELECT max(coalesce((SELECT max(n) FROM runs), 0), coalesce((SELECT value FROM metadata WHERE name = 'sweep'), 0))`,
  dlv: `SELECT max(coalesce((SELECT max(n) FROM deliveries), 0), coalesce((SELECT max(n) FROM rejected_deliveries), 0))`,
} as const

export function createRowIds(connection: Connection): RowIds {
  const prepare = (kind: IdKind) => connection.prepare<[], number>(LAST[kind]).pluck()
  const find = { sub: prepare('sub'), run: prepare('run'), dlv: prepare('dlv') }
  const last = { sub: 0, run: 0, dlv: 0 }
  let isRead = false

  const next = (kind: IdKind): number => {
    if (!isRead) {
      // A counter never goes back, so this process does not use the number of a deleted row again.
      for (const counter of ['sub', 'run', 'dlv'] as const)
        last[counter] = Math.max(last[counter], find[counter].get() ?? 0)
      isRead = true
    }
    last[kind] += 1
    return last[kind]
  }
  return {
    ...createNewIds(next),
    readAgain() {
      isRead = false
    },
  }
}
