import type { DeliveryRow, RunRow } from './decide/rows.ts'
import { bucketOf } from './duration-buckets.ts'
import { numberOf } from './ids.ts'
import type { RunStatus } from './run.ts'
import { type CountedGroup, groupOf, type RunGroup } from './run-group.ts'

/**
 * The kinds of counters, and what their `value` is. Runs of rejected submissions don't count. `runs`: the present number of runs by
 * group; the value is the group without its extension. The others count per hour. `settled`: the runs that got their present
 * status, unless it is `pending`; the value is that status. `failed`: the failures; the value is their cause. `seconds`: the
 * settled runs of all extensions together, by the time they took; the value is the duration bucket.
 */
type CounterKind = 'runs' | 'settled' | 'failed' | 'seconds'

/** The change of a counter, or its total. `hour` in hours since the epoch; `NOW` for `runs`. `extension` is empty for `seconds`. */
export type StatCounter = readonly [
  hour: number,
  kind: CounterKind,
  extension: string,
  value: string,
  count: number,
]

/** The `hour` of the `runs` counters, which belong to no hour. */
export const NOW = -1

/** The lowest and highest row numbers of the runs requested and of the deliveries received in an hour; null if there are none. */
export type HourBounds = readonly [
  hour: number,
  firstRun: number | null,
  lastRun: number | null,
  firstDelivery: number | null,
  lastDelivery: number | null,
]

/** What one transaction adds to the counters. */
export type StatDelta = { counters: StatCounter[]; hours: HourBounds[] }

/**
 * The groups of all present runs, and the counters of some hours, each summed over these hours; its `hour` is then 0. `byHour`: those
 * of these hours in which runs settled or expired, in order.
 */
export type StatCounts = { groups: CountedGroup[]; counters: StatCounter[]; byHour: SettledInHour[] }

/** How many runs got their present status in an hour, by status. `hour` in hours since the epoch. */
export type SettledInHour = { hour: number; success: number; failed: number; expired: number }

/** How many runs, of one extension or of all, got their present status in an hour; or the change of this number. */
export type SettledCount = readonly [hour: number, status: string, count: number]

/** From `from`, inclusive, to `until`, exclusive. */
type Span = readonly [from: number, until: number]

const DAY_HOURS = 24

/** Splits a range of hours into whole days and the hours before and after them. Days and hours since the epoch. */
export function splitHours(from: number, until: number): { hours: [Span, Span]; days: Span } {
  const days: Span = [Math.ceil(from / DAY_HOURS), Math.floor(until / DAY_HOURS)]
  if (days[0] >= days[1]) return { hours: [[from, until], NONE], days: NONE }
  return {
    hours: [
      [from, days[0] * DAY_HOURS],
      [days[1] * DAY_HOURS, until],
    ],
    days,
  }
}

const NONE: Span = [0, 0]

/** Sums the counters of hours by day. The results have the day since the epoch in the place of the hour. */
export function sumByDay(counters: readonly StatCounter[]): StatCounter[] {
  const sums: StatSums = new Map()
  for (const [hour, kind, extension, value, count] of counters)
    if (kind !== 'runs') addTo(sums, [Math.floor(hour / DAY_HOURS), kind, extension, value, count])
  return listSums(sums)
}

type Change<R> = { before: R | undefined; after: R | undefined }

/** Summed changes of counters. */
type StatSums = Map<string, { counter: StatCounter; count: number }>

function addTo(sums: StatSums, counter: StatCounter): void {
  const [hour, kind, extension, value, count] = counter
  const key = `${hour} ${kind} ${extension.length} ${extension} ${value}`
  const sum = sums.get(key)
  if (sum) sum.count += count
  else sums.set(key, { counter, count })
}

/** Each counter with the sum of its changes, in the order of its first change. Counters whose changes cancel out are omitted. */
function listSums(sums: StatSums): StatCounter[] {
  const counters: StatCounter[] = []
  for (const { counter, count } of sums.values())
    if (count !== 0) counters.push([counter[0], counter[1], counter[2], counter[3], count])
  return counters
}

/**
 * One transaction folds at most `MAX_DELTAS` deltas, and no further one once these have `MAX_CHANGES` changes of counters, so that
 * webhooks wait only briefly.
 */
export const MAX_DELTAS = 500
const MAX_CHANGES = 2_000

/**
 * Sums the first of these deltas, which are in order, oldest first; each is a `StatDelta` as JSON. `numbers` are those of the
 * summed deltas. `isMore`: there may be further deltas to sum. Null if there are none.
 */
export function foldDeltas(
  deltas: readonly (readonly [n: number, delta: string])[],
): { counters: StatCounter[]; hours: HourBounds[]; numbers: number[]; isMore: boolean } | null {
  const sums: StatSums = new Map()
  const hours: HourBounds[] = []
  let changes = 0
  const numbers: number[] = []
  for (const [n, delta] of deltas) {
    if (changes >= MAX_CHANGES) break
    const changed: StatDelta = JSON.parse(delta)
    for (const counter of changed.counters) addTo(sums, counter)
    hours.push(...changed.hours)
    changes += changed.counters.length
    numbers.push(n)
  }
  if (numbers.length === 0) return null
  const isMore = deltas.length === MAX_DELTAS || numbers.length < deltas.length
  return { counters: listSums(sums), hours, numbers, isMore }
}

/**
 * The present number of runs by group, and the counts of the hours from `from` to before `until`: the folded counters, plus those of the
 * deltas that are not folded yet. `unfolded` has the `counters` of each such delta, as JSON.
 */
export function countsOf(
  folded: { counters: Iterable<StatCounter>; byHour: Iterable<SettledCount> },
  unfolded: Iterable<string>,
  { from, until }: { from: number; until: number },
): StatCounts {
  const sums: StatSums = new Map()
  const add = ([, kind, name, value, count]: StatCounter) => addTo(sums, [0, kind, name, value, count])
  const settled = [...folded.byHour]
  for (const counter of folded.counters) add(counter)
  for (const json of unfolded) {
    const changes: StatDelta['counters'] = JSON.parse(json)
    for (const counter of changes) {
      const [hour, kind, , value, count] = counter
      if (hour !== NOW && (hour < from || hour >= until)) continue
      add(counter)
      if (kind === 'settled') settled.push([hour, value, count])
    }
  }
  const counters = listSums(sums).toSorted(byKey)
  return {
    groups: groupsOf(counters),
    counters: counters.filter(([, kind]) => kind !== 'runs'),
    byHour: settledByHour(settled),
  }
}

function byKey(one: StatCounter, other: StatCounter): number {
  for (const place of [0, 1, 2, 3] as const) {
    if (one[place] < other[place]) return -1
    if (one[place] > other[place]) return 1
  }
  return 0
}

/** What changes of rows add to the counters, so that these always match the rows; null if nothing. */
export function statDelta(rows: {
  runs: readonly Change<RunRow>[]
  deliveries: readonly Change<Pick<DeliveryRow, 'deliveryId' | 'receivedAt'>>[]
}): StatDelta | null {
  const sums: StatSums = new Map()
  const hours = new Map<number, [number | null, number | null, number | null, number | null]>()
  const widen = (at: number, id: string, place: 0 | 2) => {
    const bounds = hours.get(hourOf(at)) ?? [null, null, null, null]
    hours.set(hourOf(at), bounds)
    const n = numberOf(id)
    bounds[place] = Math.min(bounds[place] ?? n, n)
    bounds[place + 1] = Math.max(bounds[place + 1] ?? n, n)
  }
  for (const { before, after } of rows.runs) {
    countChange(sums, before, after)
    if (before === undefined && after) widen(after.requestedAt, after.runId, 0)
  }
  for (const { before, after } of rows.deliveries)
    if (before === undefined && after) widen(after.receivedAt, after.deliveryId, 2)
  const counters = listSums(sums)
  if (counters.length === 0 && hours.size === 0) return null
  return { counters, hours: [...hours].map(([hour, bounds]) => [hour, ...bounds] as const) }
}

function countChange(sums: StatSums, before: RunRow | undefined, after: RunRow | undefined): void {
  const old = before?.isListed ? before : undefined
  const now = after?.isListed ? after : undefined
  if (old && now && isCountedAlike(old, now)) return
  if (old) addRun(sums, old, -1)
  if (now) addRun(sums, now, 1)
}

function isCountedAlike(one: RunRow, other: RunRow): boolean {
  const isAcknowledged = (run: RunRow) => run.acknowledgedAt !== null
  return (
    one.status === other.status && one.error === other.error && isAcknowledged(one) === isAcknowledged(other)
  )
}

function addRun(sums: StatSums, run: RunRow, count: 1 | -1): void {
  const { status, name, settledAt } = run
  const group = groupOf(run)
  addTo(sums, [NOW, 'runs', name, valueOf(group), count])
  if (status === 'pending') return
  const hour = hourOf(settledAt ?? run.updatedAt)
  addTo(sums, [hour, 'settled', name, status, count])
  if (status === 'failed') addTo(sums, [hour, 'failed', name, group.cause, count])
  if (settledAt !== null) {
    const bucket = bucketOf((settledAt - run.requestedAt) / 1000)
    addTo(sums, [hour, 'seconds', '', String(bucket), count])
  }
}

/** The value of a `runs` counter: the status, whether it is acknowledged, and the cause. */
function valueOf({ status, acknowledged, cause }: RunGroup): string {
  return `${status} ${acknowledged ? 'acknowledged' : 'open'} ${cause}`
}

/** Parses the values of `runs` counters. */
function groupsOf(counters: readonly StatCounter[]): CountedGroup[] {
  return counters.flatMap(([, kind, extension, value, count]) => {
    const [, status, state, cause = ''] = /^(\w+) (\w+) (.*)$/s.exec(value) ?? []
    if (kind !== 'runs' || count <= 0) return []
    return [{ extension, status: status as RunStatus, acknowledged: state === 'acknowledged', cause, count }]
  })
}

/** The hours in which runs settled or expired, oldest first. */
function settledByHour(settled: readonly SettledCount[]): SettledInHour[] {
  const hours = new Map<number, SettledInHour>()
  for (const [hour, status, count] of settled) {
    if (!isNonPendingStatus(status)) continue
    const counts = hours.get(hour) ?? { hour, success: 0, failed: 0, expired: 0 }
    counts[status] += count
    hours.set(hour, counts)
  }
  return [...hours.values()]
    .filter(({ success, failed, expired }) => success + failed + expired > 0)
    .toSorted((one, other) => one.hour - other.hour)
}

type NonPendingStatus = Exclude<RunStatus, 'pending'>

/** Whether the value of a counter is a status other than `pending`. */
export function isNonPendingStatus(value: string): value is NonPendingStatus {
  return value === 'success' || value === 'failed' || value === 'expired'
}

const HOUR_MS = 3_600_000

/** The hour of a time, in hours since the epoch. */
export function hourOf(at: number): number {
  return Math.floor(at / HOUR_MS)
}
