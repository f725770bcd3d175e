import { KEYS, type RunRow, type TableName, type Tables } from '../../../../src/domain/decide/rows.ts'
import type { Changes, Key, Step } from '../../../../src/domain/decide/step.ts'
import { formatId, type NewIds } from '../../../../src/domain/ids.ts'
import { type BatchChanges, createWorkingSet, type WorkingSet } from '../../../../src/store/working-set.ts'

type Rows = { [T in TableName]: Tables[T][] }

/** What a step has requested, returned and changed. Tables without changes are omitted. */
type StepOutcome<R> = {
  result: R
  /** The step's `keys`, then the new keys of each call of `more`; no entry where there are none. */
  requested: (readonly Key[])[]
  inserted: Partial<Rows>
  updated: Partial<Rows>
  removed: Partial<Rows>
  other: Changes['other']
}

export type Memory = {
  /** In insertion order. */
  rows: Rows
  find<T extends TableName>(table: T, key: string): Tables[T] | undefined
  /** Inserts the row, or replaces the row that has the same key. */
  put<T extends TableName>(table: T, row: Tables[T]): void
  /** Marks the id of a submission or asset as forgotten. Deletes nothing. */
  forget(id: string): void
  /**
   * Runs a step and writes its changes of rows, but not `other`. If the step throws, nothing changes. New deliveries are numbered
   * from 1. A step that needs another kind of id throws unless `ids` provides it.
   */
  run<R>(step: Step<R>, ids?: Partial<NewIds>): StepOutcome<R>
}

/**
 * A database of plain arrays. It finds the rows of each key as `LOOKUPS` in step.ts describes, with three exceptions. It knows no
 * processes, so it finds all unfinished work, even external submissions, as if every process had ended. `unsettledOf` is not limited to 100
 * submissions. `currentOf` finds the last run of each name, in the order of the first ones, and also a placeholder that a newer
 * run has replaced.
 */
export function createMemory(): Memory {
  const rows: Rows = {
    submissions: [],
    details: [],
    runs: [],
    deliveries: [],
    bodies: [],
    rejected: [],
    notifications: [],
    claims: [],
    retryItems: [],
    leases: [],
    signIns: [],
  }
  const forgotten = new Set<string>()
  const defaultIds: NewIds = { submission: noId, run: noId, delivery: numberedDeliveries() }
  const find = <T extends TableName>(table: T, key: string): Tables[T] | undefined =>
    rows[table].find((row) => keyOf(table, row) === key)
  const put = <T extends TableName>(table: T, row: Tables[T]) => {
    const index = rows[table].findIndex((known) => keyOf(table, known) === keyOf(table, row))
    const all: Tables[T][] = rows[table]
    // A step that changes a row in place must throw.
    Object.freeze(row)
    if (index < 0) all.push(row)
    else all[index] = row
  }
  const writeChange = <T extends TableName>(
    table: T,
    { before, after }: { before?: unknown; after?: Tables[T] },
  ) => {
    const exists = after !== undefined && find(table, keyOf(table, after)) !== undefined
    if (before === undefined && exists) throw new Error(`the inserted row of ${table} already exists`)
    if (after !== undefined) put(table, after)
    else rows[table].splice(rows[table].indexOf(before as Tables[T]), 1)
  }
  const write = ({ rows: changed }: BatchChanges) => {
    for (const table of Object.keys(KEYS) as TableName[])
      for (const change of changed[table]) writeChange(table, change as { after?: Tables[typeof table] })
    // A database stores the bodies separately.
    for (const row of rows.deliveries) {
      if (row.sent) put('bodies', { deliveryId: row.deliveryId, body: row.sent.body })
      put('deliveries', { ...row, sent: null })
    }
  }
  const load = (set: WorkingSet, key: Key) => {
    const [kind, id] = key
    if (set.isLoaded(key)) return
    if (kind === 'forgotten') set.loadForgotten(id, forgotten.has(id))
    else if (isTable(kind))
      set.load(
        key,
        [find(kind, id)].filter((row) => row !== undefined),
      )
    else set.load(key, lookUp(rows, key))
  }
  return {
    rows,
    find,
    put,
    forget: (id) => void forgotten.add(id),
    run(step, ids = {}) {
      const set = createWorkingSet()
      const requested: (readonly Key[])[] = []
      for (let keys = step.keys; keys.length > 0; ) {
        for (const key of keys) load(set, key)
        requested.push(keys)
        keys = (step.more?.(set.facts) ?? []).filter((key) => !set.isLoaded(key))
      }
      const { result, changes } = step.decide(set.facts, { ...defaultIds, ...ids })
      set.apply(changes)
      const batch = set.changes()
      write(batch)
      return { result, requested, ...splitChanges(batch), other: changes.other }
    },
  }
}

/** The id of the delivery with this number. */
export function deliveryId(number: number): string {
  return formatId('dlv', number, 'AAAAAAAAAAA')
}

function numberedDeliveries(): () => string {
  let count = 0
  return () => deliveryId(++count)
}

/** Takes the place of a source of ids, for a step that must not insert a row of this kind. */
export function noId(): string {
  throw new Error('an id was requested')
}

function isTable(kind: Key[0]): kind is TableName {
  return Object.hasOwn(KEYS, kind)
}

function keyOf<T extends TableName>(table: T, row: Tables[T]): string {
  return String((row as { [column: string]: unknown })[KEYS[table]])
}

function lookUp(rows: Rows, [lookup, id, name]: Key): Tables[TableName][] {
  const submissionOf = (run: RunRow) =>
    rows.submissions.find(({ submissionId }) => submissionId === run.submissionId)
  const countsForFile = (run: RunRow) => {
    const submission = submissionOf(run)
    return submission?.fileId === id && submission.state !== 'rejected'
  }
  const baselineOf = (submissionId: string) =>
    rows.details.find((details) => details.submissionId === submissionId)?.baseline ?? null
  switch (lookup) {
    case 'runNamed':
      return rows.runs.filter((run) => run.submissionId === id && run.name === name)
    case 'runsOf':
      return rows.runs.filter((run) => run.submissionId === id)
    case 'unsettledOf':
      return rows.runs.filter((run) => countsForFile(run) && ['pending', 'expired'].includes(run.status))
    case 'currentOf':
      return [...new Map(rows.runs.filter(countsForFile).map((run) => [run.name, run])).values()]
    case 'submissionOf':
      return rows.submissions.filter(({ fileId }) => fileId === id).slice(0, 1)
    case 'awaitingFile':
      return rows.submissions
        .filter(({ requestId, submissionId }) => requestId === id && baselineOf(submissionId) === null)
        .slice(0, 1)
    case 'unclaimedOf':
      return rows.deliveries.filter(
        ({ submissionId, service, cause }) =>
          submissionId === id && service === name && cause === 'not_requested',
      )
    case 'uploadEndsOf':
      return rows.deliveries.filter((row) => row.unclaimedRequestId === id && row.uploadEnd !== null)
    case 'firstDeliveryOf':
      return rows.deliveries.filter(({ eventId, outcome }) => eventId === id && outcome !== 'duplicate')
    case 'unfinishedSubmissions':
      return rows.submissions.filter(({ state }) => state === 'submitting')
    case 'unfinishedClaims':
      return rows.claims.filter(({ response }) => response === null)
    case 'unfinishedItems':
      return rows.retryItems.filter(({ state }) => state === 'submitting')
    default:
      throw new Error(`${lookup} is not a lookup`)
  }
}

function splitChanges({
  rows,
}: BatchChanges): Pick<StepOutcome<unknown>, 'inserted' | 'updated' | 'removed'> {
  const split = { inserted: {}, updated: {}, removed: {} }
  for (const [table, changes] of Object.entries(rows))
    for (const { before, after } of changes) {
      const kind = before === undefined ? 'inserted' : after === undefined ? 'removed' : 'updated'
      const byTable: { [table: string]: unknown[] } = split[kind]
      byTable[table] = [...(byTable[table] ?? []), after ?? before]
    }
  return split
}
