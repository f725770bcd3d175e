import { KEYS, type TableName, type Tables } from '../domain/decide/rows.ts'
import {
  type Changes,
  type Facts,
  type Key,
  LOOKUPS,
  type LookupName,
  type OtherChanges,
} from '../domain/decide/step.ts'
import { type StatDelta, statDelta } from '../domain/stat-counters.ts'
import { isRejected } from '../domain/submission.ts'

/** A row before and after the batch; undefined while it does not exist. */
export type Change<R> = { before: R | undefined; after: R | undefined }

/** What a batch writes: one change for each changed row, by table, in the order in which its rows were loaded or inserted. */
export type BatchChanges = {
  rows: { [T in TableName]: Change<Tables[T]>[] }
  /** All other changes, in the order of the steps. */
  others: readonly OtherChanges[]
  /** The counter changes of these rows; null if there are none. */
  stats: StatDelta | null
  /** The changed submissions, those of the changed runs, and their assets. */
  fileIds: ReadonlySet<string>
  submissionIds: ReadonlySet<string>
}

/**
 * The rows of one batch. Each step sees the rows as the earlier steps have left them. But the database runs all lookups before the
 * first step, so an earlier step may have changed which rows match: `isStale` says whether one may have.
 */
export type WorkingSet = {
  isLoaded(key: Key): boolean
  /** True if no step can have changed the result of any lookup, or which keys a later step needs. */
  isFresh(): boolean
  /** True if a step may have changed the result of this lookup. */
  isStale(key: Key): boolean
  /** Adds the rows that the database found for a key. A row that a step has already changed stays as it is. */
  load(key: Key, rows: readonly Tables[TableName][]): void
  /** Adds the result for the key `['forgotten', id]`. */
  loadForgotten(id: string, isForgotten: boolean): void
  /** The rows and lookup results as a step sees them. */
  facts: Facts
  /** Throws, and changes nothing, if an inserted row is already among these rows. */
  apply(changes: Changes): void
  changes(): BatchChanges
}

export function createWorkingSet(): WorkingSet {
  const tables: { [T in TableName]: Map<string, Change<Tables[T]>> } = {
    submissions: new Map(),
    details: new Map(),
    runs: new Map(),
    deliveries: new Map(),
    bodies: new Map(),
    rejected: new Map(),
    notifications: new Map(),
    claims: new Map(),
    retryItems: new Map(),
    leases: new Map(),
    signIns: new Map(),
  }
  const loaded = new Map<string, readonly string[]>()
  const forgotten = new Set<string>()
  const touched = new Set<string>()
  const others: OtherChanges[] = []

  const facts: Facts = {
    find: (table, key) => tables[table].get(key)?.after,
    list(lookup, id = '', name) {
      const table = LOOKUPS[lookup]
      return rowsOf(table, loaded.get(textOf([lookup, id, name])) ?? [])
    },
    isForgotten: (id) => forgotten.has(id),
  }
  const rowsOf = <T extends TableName>(table: T, keys: readonly string[]): Tables[T][] => {
    const rows: Tables[T][] = []
    for (const key of keys) {
      const row = tables[table].get(key)?.after
      if (row !== undefined) rows.push(row)
    }
    return rows
  }
  const ownersOf = (submissions: Change<Tables['submissions']>[], runs: Change<Tables['runs']>[]) => {
    const fileIds = new Set<string>()
    const submissionIds = new Set<string>()
    const note = (submissionId: string, fileId: string | null | undefined) => {
      submissionIds.add(submissionId)
      if (fileId) fileIds.add(fileId)
    }
    for (const { before, after } of submissions) {
      if (before) note(before.submissionId, before.fileId)
      if (after) note(after.submissionId, after.fileId)
    }
    for (const { before, after } of runs) {
      const run = after ?? before
      if (run) note(run.submissionId, run.boundTo ?? facts.find('submissions', run.submissionId)?.fileId)
    }
    return { fileIds, submissionIds }
  }
  const touch = (table: TableName, entry: Change<Tables[TableName]>) => {
    for (const subject of subjectsOf(table, entry, facts)) touched.add(subject)
  }
  const set = <T extends TableName>(table: T, row: Tables[T]) => {
    const key = keyOf(table, row)
    const before = tables[table].get(key)
    tables[table].set(key, { before: before?.before, after: row })
    touch(table, { before: before?.after, after: row })
  }
  const checkAbsent = <T extends TableName>(table: T, rows: NonNullable<Changes['insert']>) => {
    for (const row of rows[table] ?? [])
      if (facts.find(table, keyOf(table, row)) !== undefined)
        throw new Error(`the inserted row of ${table} already exists`)
  }
  const put = <T extends TableName>(table: T, row: Tables[T]): string => {
    const key = keyOf(table, row)
    const known = tables[table].get(key)
    // A second read may see a newer value, because the row may have been locked in between.
    if (known === undefined || known.before === known.after)
      tables[table].set(key, { before: row, after: row })
    return key
  }
  const setAll = <T extends TableName>(table: T, rows: NonNullable<Changes['update']>) => {
    for (const row of rows[table] ?? []) set(table, row)
  }
  const removeAll = (table: TableName, keys: NonNullable<Changes['remove']>) => {
    for (const key of keys[table] ?? []) {
      const entry = tables[table].get(key)
      if (entry === undefined) continue
      touch(table, { before: entry.after, after: undefined })
      entry.after = undefined
    }
  }
  return {
    isLoaded: (key) => loaded.has(textOf(key)),
    isFresh: () => touched.size === 0,
    isStale(key) {
      const subject = subjectOf(key)
      return subject !== undefined && touched.has(subject)
    },
    load(key, rows) {
      const [kind] = key
      if (kind === 'forgotten') return
      const table = isLookup(kind) ? LOOKUPS[kind] : kind
      const keys: string[] = []
      for (const row of rows) keys.push(put(table, row))
      loaded.set(textOf(key), keys)
    },
    loadForgotten(id, isForgotten) {
      loaded.set(textOf(['forgotten', id]), [])
      if (isForgotten) forgotten.add(id)
    },
    facts,
    apply({ insert, update, remove, other }) {
      for (const table in insert) checkAbsent(table as TableName, insert)
      for (const table in insert) setAll(table as TableName, insert)
      for (const table in update) setAll(table as TableName, update)
      for (const table in remove) removeAll(table as TableName, remove)
      if (other !== undefined) others.push(other)
    },
    changes() {
      const submissions = changed(tables.submissions)
      const runs = changed(tables.runs)
      const deliveries = changed(tables.deliveries)
      return {
        stats: statDelta({ runs, deliveries }),
        ...ownersOf(submissions, runs),
        rows: {
          submissions,
          details: changed(tables.details),
          runs,
          deliveries,
          // A body is written with its new delivery, and no step changes it.
          bodies: [],
          rejected: changed(tables.rejected),
          notifications: changed(tables.notifications),
          claims: changed(tables.claims),
          retryItems: changed(tables.retryItems),
          leases: changed(tables.leases),
          signIns: changed(tables.signIns),
        },
        others,
      }
    },
  }
}

function keyOf<T extends TableName>(table: T, row: Tables[T]): string {
  // Each table's key is one of its own columns, as `KEYS` says.
  return String((row as { [column: string]: unknown })[KEYS[table]])
}

function changed<R>(table: ReadonlyMap<string, Change<R>>): Change<R>[] {
  const changes: Change<R>[] = []
  for (const entry of table.values()) if (entry.before !== entry.after) changes.push(entry)
  return changes
}

function textOf([kind, id, name]: Key): string {
  return name === undefined ? `${kind} ${id}` : `${kind} ${id} ${name}`
}

/** The subject on which a lookup's result depends; undefined if nothing in a batch changes it. */
function subjectOf([kind, id]: Key): string | undefined {
  return isLookup(kind) ? SUBJECTS[kind](id) : undefined
}

function isLookup(kind: Key[0]): kind is LookupName {
  return Object.hasOwn(LOOKUPS, kind)
}

const ofRuns = (id: string) => `runs of ${id}`
const ofUnclaimed = (id: string) => `unclaimed of ${id}`
const ofFile = (id: string) => `file ${id}`
const ofRequest = (id: string) => `request ${id}`
const ofUploadEnds = (id: string) => `upload ends of ${id}`
const ofEvent = (id: string) => `event ${id}`
const ofNothing = () => undefined

const SUBJECTS: { [L in LookupName]: (id: string) => string | undefined } = {
  runNamed: ofRuns,
  runsOf: ofRuns,
  unclaimedOf: ofUnclaimed,
  unsettledOf: ofFile,
  currentOf: ofFile,
  submissionOf: ofFile,
  awaitingFile: ofRequest,
  uploadEndsOf: ofUploadEnds,
  firstDeliveryOf: ofEvent,
  unfinishedSubmissions: ofNothing,
  unfinishedClaims: ofNothing,
  unfinishedItems: ofNothing,
}

/**
 * The subjects whose lookups may now find other rows. A change of a row that a lookup has already found doesn't count: `list`
 * returns each row in its present state.
 */
function subjectsOf(table: TableName, { before, after }: Change<Tables[TableName]>, facts: Facts): string[] {
  switch (table) {
    case 'submissions':
      return subjectsOfSubmission(
        before as Tables['submissions'] | undefined,
        after as Tables['submissions'] | undefined,
      )
    case 'details': {
      // `awaitingFile` finds a submission by its request only while it has no baseline.
      const { submissionId } = (after ?? before) as Tables['details']
      const requestId = facts.find('submissions', submissionId)?.requestId ?? null
      return requestId === null ? [] : [ofRequest(requestId)]
    }
    case 'runs': {
      if (before !== undefined && after !== undefined) return []
      const { submissionId } = (before ?? after) as Tables['runs']
      const fileId = facts.find('submissions', submissionId)?.fileId ?? null
      return [ofRuns(submissionId), ...(fileId === null ? [] : [ofFile(fileId)])]
    }
    case 'deliveries': {
      if (before !== undefined || after === undefined) return []
      const { eventId, outcome, unclaimedRequestId, submissionId, cause } = after as Tables['deliveries']
      return [
        eventId === null || outcome === 'duplicate' ? undefined : ofEvent(eventId),
        unclaimedRequestId === null ? undefined : ofUploadEnds(unclaimedRequestId),
        submissionId === null || cause !== 'not_requested' ? undefined : ofUnclaimed(submissionId),
      ].filter((subject) => subject !== undefined)
    }
    default:
      return []
  }
}

function subjectsOfSubmission(
  before: Tables['submissions'] | undefined,
  after: Tables['submissions'] | undefined,
): string[] {
  const changesListing =
    (before !== undefined && isRejected(before)) !== (after !== undefined && isRejected(after))
  if (before?.fileId === after?.fileId && before?.requestId === after?.requestId && !changesListing) return []
  return [before, after].flatMap((submission) => {
    if (submission === undefined) return []
    const { submissionId, fileId, requestId } = submission
    return [
      // No lookup depends on this subject. It only makes `isFresh` false, so that the keys of later steps are checked again.
      `submission ${submissionId}`,
      ...(fileId === null ? [] : [ofFile(fileId)]),
      ...(requestId === null ? [] : [ofRequest(requestId)]),
    ]
  })
}
