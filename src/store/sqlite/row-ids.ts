import { checkOf, formatId, type NewIds } from '../../domain/ids.ts'
import { createChecks } from '../id-checks.ts'
import type { Connection } from './connection.ts'

/** Ids from counters in memory. Only for use inside a transaction. */
export type RowIds = NewIds & {
  /** Call it if another connection may have inserted rows. */
  readAgain: () => void
}

/** Includes the sweep's position, because the sweep never checks a lower number. */
const LAST = {
  submission: 'SELECT coalesce(max(n), 0) FROM submissions',
  run: `SELECT max(coalesce((SELECT max(n) FROM runs), 0), coalesce((SELECT n FROM positions WHERE name = 'sweep'), 0))`,
  delivery: `SELECT max(coalesce((SELECT max(n) FROM deliveries), 0), coalesce((SELECT max(n) FROM rejected_deliveries), 0))`,
}

export function createRowIds(connection: Connection): RowIds {
  const find = {
    submission: connection.prepare<[], number>(LAST.submission).pluck(),
    run: connection.prepare<[], number>(LAST.run).pluck(),
    delivery: connection.prepare<[], number>(LAST.delivery).pluck(),
  }
  const nextCheck = createChecks()
  const last = { submission: 0, run: 0, delivery: 0 }
  let isRead = false

  const next = (counter: keyof typeof last): number => {
    if (!isRead) {
      // The number of a row deleted since stays used, so a counter never goes back.
      for (const each of ['submission', 'run', 'delivery'] as const)
        last[each] = Math.max(last[each], find[each].get() ?? 0)
      isRead = true
    }
    last[counter] += 1
    return last[counter]
  }
  return {
    submission: () => formatId('sub', next('submission'), nextCheck()),
    run: (submissionId) => formatId('run', next('run'), checkOf(submissionId)),
    delivery: () => formatId('dlv', next('delivery'), nextCheck()),
    readAgain() {
      isRead = false
    },
  }
}
