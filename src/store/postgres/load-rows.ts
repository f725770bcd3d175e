import type { RunRow, SubmissionRow, TableName, Tables } from '../../domain/decide/rows.ts'
import type { Key } from '../../domain/decide/step.ts'
import { parseId } from '../../domain/ids.ts'
import { digestOf } from '../forget-asset.ts'
import { createFinders, type Finder } from '../sql/find-rows.ts'
import {
  RUN_COLUMNS,
  type RunCells,
  SUBMISSION_COLUMNS,
  type SubmissionCells,
  toRunRow,
  toSubmissionRow,
  UNBOUND,
} from '../sql/rows.ts'
import type { WorkingSet } from '../working-set.ts'
import type { Session } from './pool.ts'
import { lateral, prepared } from './prepared.ts'
import { DIALECT } from './statements.ts'

type Kind = Exclude<Key[0], 'forgotten'>

/** Returns the requested keys of a kind. */
type KeysOfKind = (kind: Key[0]) => readonly Key[]

export type LoadRows = (session: Session, keys: readonly Key[], into: WorkingSet) => Promise<void>

/**
 * Loads the rows of a batch inside its transaction, and locks what the batch may change until the transaction ends. Each call
 * locks names first (`SUBJECTS`), then runs, then submissions, each in a fixed order. Later it locks only runs that were added
 * meanwhile, and the names of unfinished claims of idempotency keys and of unfinished items of retries. What is locked is read
 * afterwards: if another transaction is changing it, the batch waits for that transaction and sees its changes. Work of `processId`
 * is in progress, so no key finds it as unfinished.
 */
export function createLoadRows(processId: number): LoadRows {
  const finders = createFinders(processId, DIALECT)
  // `Object.entries` loses the type of the keys, which are the kinds.
  const lookups = new Map(
    Object.entries<Finder<Tables[TableName]>>(finders).map(([kind, finder]) => [kind, createLookup(finder)]),
  )
  const lockRuns = createLockRuns(finders)
  const lockSubmissions = createLockSubmissions(finders)
  const lookUp = async (session: Session, kind: Kind, keys: readonly Key[]) =>
    keys.length === 0 ? [] : ((await lookups.get(kind)?.(session, keys)) ?? [])

  return async (session, keys, into) => {
    const groups = groupBy(
      keys.filter((key) => !into.isLoaded(key)),
      ([kind]) => kind,
    )
    const keysOf: KeysOfKind = (kind) => groups.get(kind) ?? []
    await lockSubjects(session, keys.flatMap(subjectOf))
    let runs = await lockRuns(session, keysOf)
    const missing = keysOf('runNamed').filter((key) => runs(key).length === 0)
    const submissions = await lockSubmissions(session, keysOf, missing)
    // Read again: other transactions can add runs to a submission until it is locked.
    if (submissions !== undefined) runs = await lockRuns(session, keysOf)

    for (const kind of ['runs', 'runNamed', 'runsOf'] as const)
      for (const key of keysOf(kind)) into.load(key, runs(key))
    for (const key of keysOf('submissions')) into.load(key, submissions?.(key) ?? [])
    // Only these lookups tell which claims and items to lock. The rows are read again below, once they are locked.
    for (const kind of ['unfinishedClaims', 'unfinishedItems'] as const) {
      const found = await lookUp(session, kind, keysOf(kind))
      await lockSubjects(
        session,
        found.flatMap(([, rows]) => rows.flatMap((row) => subjectOfRow(row))),
      )
    }
    for (const kind of LOOKED_UP)
      for (const [key, rows] of await lookUp(session, kind, keysOf(kind))) into.load(key, rows)
    // Leaves out runs that were not found when the runs were locked: only locked rows may be written.
    const isLocked = (row: Tables[TableName]) =>
      'runId' in row && runs(['runs', String(row.runId)]).length > 0
    for (const kind of ['unsettledOf', 'currentOf'] as const)
      for (const [key, rows] of await lookUp(session, kind, keysOf(kind)))
        into.load(key, rows.filter(isLocked))
    for (const [id, isForgotten] of await findForgotten(session, keysOf('forgotten')))
      into.loadForgotten(id, isForgotten)
  }
}

/** The kinds whose rows are looked up once everything is locked. The other kinds load only runs and submissions that are locked. */
const LOOKED_UP = [
  'details',
  'submissionOf',
  'awaitingFile',
  'unfinishedSubmissions',
  'deliveries',
  'unclaimedOf',
  'uploadEndsOf',
  'firstDeliveryOf',
  'bodies',
  'rejected',
  'notifications',
  'claims',
  'unfinishedClaims',
  'retryItems',
  'unfinishedItems',
  'leases',
  'signIns',
] as const satisfies Kind[]

/**
 * The name for which a key takes an advisory lock. Such a lock also works for a row that does not exist yet, and for the result of
 * a lookup.
 */
const SUBJECTS: { readonly [kind in Key[0]]?: (id: string) => string } = {
  awaitingFile: (id) => `request ${id}`,
  uploadEndsOf: (id) => `request ${id}`,
  firstDeliveryOf: (id) => `event ${id}`,
  deliveries: (id) => `delivery ${id}`,
  rejected: (id) => `delivery ${id}`,
  notifications: (id) => `notification ${id}`,
  claims: (id) => `claim ${id}`,
  retryItems: (id) => `item ${id}`,
  leases: (id) => `lease ${id}`,
  signIns: (id) => `sign-in ${id}`,
  unfinishedSubmissions: () => 'recovery',
  unfinishedClaims: () => 'recovery',
  unfinishedItems: () => 'recovery',
}

function subjectOf([kind, id]: Key): string[] {
  const subject = SUBJECTS[kind]?.(id)
  return subject === undefined ? [] : [subject]
}

function subjectOfRow(row: Tables[TableName]): string[] {
  if ('scope' in row) return subjectOf(['claims', row.scope])
  return 'itemId' in row ? subjectOf(['retryItems', String(row.itemId)]) : []
}

const LOCK_SUBJECTS = prepared(
  'SELECT pg_advisory_xact_lock(hashtextextended(subject, 0)) FROM unnest(?::text[]) subject',
)

async function lockSubjects(session: Session, subjects: readonly string[]): Promise<void> {
  if (subjects.length > 0) await session.rows(LOCK_SUBJECTS, [[...new Set(subjects)].toSorted()])
}

const FIND_FORGOTTEN = prepared('SELECT digest FROM forgotten WHERE digest = ANY (?::bytea[])')

async function findForgotten(
  session: Session,
  keys: readonly Key[],
): Promise<(readonly [id: string, isForgotten: boolean])[]> {
  if (keys.length === 0) return []
  const digests = keys.map(([, id]) => [id, digestOf(id)] as const)
  const rows = await session.rows<[Buffer]>(FIND_FORGOTTEN, [digests.map(([, digest]) => digest)])
  const found = new Set(rows.map(([digest]) => digest.toString('hex')))
  return digests.map(([id, digest]) => [id, found.has(digest.toString('hex'))])
}

/**
 * Locks the runs of the keys. A key `runNamed` locks all runs of its submission if the submission is not both accepted and bound
 * (`UNBOUND`), or has no run with that name: the step then needs the whole submission, and submissions are locked after runs.
 */
function createLockRuns({ unsettledOf, currentOf }: { [K in 'unsettledOf' | 'currentOf']: Finder<RunRow> }) {
  const named = 'unnest(?::bigint[], ?::text[], ?::text[]) AS asked(submission, chk, name)'
  const isOfAskedSubmission = 'r.submission = asked.submission AND r.chk = asked.chk'
  const lock = prepared(
    `WITH wanted AS (
      SELECT r.n FROM unnest(?::bigint[], ?::text[]) AS asked(n, chk) JOIN runs r ON r.n = asked.n AND r.chk = asked.chk
      UNION ALL SELECT r.n FROM ${named} JOIN runs r ON ${isOfAskedSubmission} AND r.name = asked.name
      UNION ALL SELECT other.n FROM ${named} LEFT JOIN runs r ON ${isOfAskedSubmission} AND r.name = asked.name
        JOIN runs other ON other.submission = asked.submission AND other.chk = asked.chk
        WHERE r.n IS NULL OR r.bound_to = '${UNBOUND}'
      UNION ALL SELECT r.n FROM unnest(?::bigint[], ?::text[]) AS asked(submission, chk) JOIN runs r ON ${isOfAskedSubmission}
      UNION ALL SELECT found.n FROM unnest(?::text[]) AS asked(p1) CROSS JOIN LATERAL (${lateral(unsettledOf.sql)}) found
      UNION ALL SELECT found.n FROM unnest(?::text[]) AS asked(p1) CROSS JOIN LATERAL (${lateral(currentOf.sql)}) found)
      SELECT ${RUN_COLUMNS} FROM runs r WHERE r.n = ANY (ARRAY(SELECT n FROM wanted)) ORDER BY r.n FOR NO KEY UPDATE`,
  )
  return async (session: Session, keysOf: KeysOfKind): Promise<(key: Key) => RunRow[]> => {
    const byId = partsOf('run', keysOf('runs'))
    const byName = partsOf('sub', keysOf('runNamed'))
    const bySubmission = partsOf('sub', keysOf('runsOf'))
    const unsettled = keysOf('unsettledOf').map(([, id]) => id)
    const current = keysOf('currentOf').map(([, id]) => id)
    const hasNoIds = [byId, byName, bySubmission].every(({ numbers }) => numbers.length === 0)
    if (hasNoIds && unsettled.length === 0 && current.length === 0) return () => []
    const names = [byName.numbers, byName.checks, byName.names]
    const params = [byId.numbers, byId.checks, ...names, ...names, bySubmission.numbers, bySubmission.checks]
    const rows = await session.rows<RunCells>(lock, [...params, unsettled, current])
    const found = rows.map(toRunRow)
    const runs = new Map(found.map((run) => [run.runId, run]))
    const ofSubmissions = groupBy(found, (run) => run.submissionId)
    return ([kind, id, name]) => {
      if (kind === 'runs') return [runs.get(id) ?? []].flat()
      const ofSubmission = ofSubmissions.get(id) ?? []
      return kind === 'runNamed' ? ofSubmission.filter((run) => run.name === name) : ofSubmission
    }
  }
}

/**
 * Locks the submissions that the keys need, and those of the keys `runNamed` without a run (`missing`). Resolves with undefined if
 * there are no such keys.
 */
function createLockSubmissions({
  awaitingFile,
  unfinishedSubmissions,
}: {
  [K in 'awaitingFile' | 'unfinishedSubmissions']: Finder<SubmissionRow>
}) {
  const lock = prepared(
    `WITH wanted AS (
      SELECT s.n FROM unnest(?::bigint[], ?::text[]) AS asked(n, chk) JOIN submissions s ON s.n = asked.n AND s.chk = asked.chk
      UNION ALL SELECT found.n FROM unnest(?::text[]) AS asked(p1) CROSS JOIN LATERAL (${lateral(awaitingFile.sql)}) found
      UNION ALL SELECT found.n FROM unnest(?::bigint[], ?::bigint[]) AS asked(p1, p2)
        CROSS JOIN LATERAL (${lateral(unfinishedSubmissions.sql)}) found)
      SELECT ${SUBMISSION_COLUMNS} FROM submissions s WHERE s.n = ANY (ARRAY(SELECT n FROM wanted))
        ORDER BY s.n FOR NO KEY UPDATE`,
  )
  return async (session: Session, keysOf: KeysOfKind, missing: readonly Key[]) => {
    const kinds = ['submissions', 'details', 'runsOf', 'unclaimedOf'] as const
    const { numbers, checks } = partsOf('sub', [...kinds.flatMap(keysOf), ...missing])
    const requests = keysOf('awaitingFile').map(([, id]) => id)
    const unfinished = keysOf('unfinishedSubmissions').flatMap(([, id]) => [
      unfinishedSubmissions.paramsOf(id, '') ?? [],
    ])
    if (numbers.length === 0 && requests.length === 0 && unfinished.length === 0) return undefined
    const params = [
      numbers,
      checks,
      requests,
      unfinished.map(([one]) => one),
      unfinished.map(([, two]) => two),
    ]
    const rows = await session.rows<SubmissionCells>(lock, params)
    const found = new Map(rows.map((cells) => toSubmissionRow(cells)).map((row) => [row.submissionId, row]))
    return ([, id]: Key): SubmissionRow[] => [found.get(id) ?? []].flat()
  }
}

function groupBy<Item, Group>(items: readonly Item[], groupOf: (item: Item) => Group): Map<Group, Item[]> {
  const groups = new Map<Group, Item[]>()
  for (const item of items) {
    const group = groups.get(groupOf(item))
    if (group === undefined) groups.set(groupOf(item), [item])
    else group.push(item)
  }
  return groups
}

/** Runs a finder for many keys at once. */
function createLookup<Row>({ sql, paramsOf, toRow }: Finder<Row>) {
  let query: ReturnType<typeof prepared> | undefined
  return async (session: Session, keys: readonly Key[]): Promise<[key: Key, rows: Row[]][]> => {
    const params = keys.map(([, id, name = '']) => paramsOf(id, name))
    const known = params.flatMap((cells, index) => (cells === undefined ? [] : [[index, ...cells]]))
    const [first = []] = known
    const columns = first.map((_, place) => known.map((cells) => cells[place]))
    const found: [Key, Row[]][] = keys.map((key) => [key, []])
    if (known.length === 0) return found
    const types = first.map((cell) => (typeof cell === 'number' ? '?::bigint[]' : '?::text[]'))
    const names = first.map((_, place) => (place === 0 ? 'place' : `p${place}`))
    // With LATERAL, the rows of a key keep their order.
    query ??= prepared(
      `SELECT asked.place, found.* FROM unnest(${types.join(', ')}) AS asked(${names.join(', ')})
        CROSS JOIN LATERAL (${lateral(sql)}) found`,
    )
    // The statement selects the cells that `toRow` takes.
    for (const [place, ...cells] of await session.rows<[number, ...never[]]>(query, columns))
      found[place]?.[1].push(toRow(cells as never))
    return found
  }
}

/** The parts of the keys, one array for each. Skips keys with malformed ids. */
function partsOf(kind: 'run' | 'sub', keys: readonly Key[]) {
  const parts = { numbers: [] as number[], checks: [] as string[], names: [] as string[] }
  for (const [, id, name = ''] of keys) {
    const parsed = parseId(kind, id)
    if (parsed === undefined) continue
    parts.numbers.push(parsed.number)
    parts.checks.push(parsed.check)
    parts.names.push(name)
  }
  return parts
}
