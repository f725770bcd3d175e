import type { DeliveryRow, RunRow } from './decide/tables.ts'
import { bucketOf } from './duration-buckets.ts'
import { numberOf } from './ids.ts'
import type { RunStatus } from './run.ts'
import { type CountedGroup, groupOf, type RunGroup } from './run-group.ts'

/**
 * What is counted. `runs`: how many there are now, by group. Of an hour, `settled`: how many runs came to a status; `failed`: by
 * cause; `seconds`: how long they took, as a bucket, of all extensions together.
 */
type CounterKind = 'runs' | 'settled' | 'failed' | 'seconds'

/** How much a counter changes, or has been counted in all. `hour` in hours since the epoch; `NOW` for `runs`. */
export type StatCounter = readonly [
  hour: number,
  kind: CounterKind,
  extension: string,
  value: string,
  size: number,
]

export const NOW = -1

/** The least and the greatest number of the runs requested, and of the deliveries received, in an hour; null without any. */
export type HourBounds = readonly [
  hour: number,
  runLeast: number | null,
  runGreatest: number | null,
  deliveryLeast: number | null,
  deliveryGreatest: number | null,
]

/** What a batch adds to what is counted. */
export type StatDelta = { counters: StatCounter[]; hours: HourBounds[] }

/**
 * What is counted of all runs as they are now, and of some hours, over which each counter is added up. `byHour`: the hours in
 * which runs settled, in order.
 */
export type StatCounts = { groups: CountedGroup[]; counters: StatCounter[]; byHour: SettledInHour[] }

/** How many runs came to each status in an hour since the epoch. */
export type SettledInHour = { hour: number; success: number; failed: number; expired: number }

/** How many runs of all extensions came to a status in an hour. */
export type SettledCount = readonly [hour: number, status: string, size: number]

/** From the first to before the second. */
type Span = readonly [from: number, until: number]

const DAY_HOURS = 24

/** Some hours as whole days and the hours before and after them. Days and hours since the epoch. */
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

/** Counters of hours, added up by day. */
export function sumByDay(counters: readonly StatCounter[]): StatCounter[] {
  const sums: StatSums = new Map()
  for (const [hour, kind, extension, value, size] of counters)
    if (kind !== 'runs') addTo(sums, [Math.floor(hour / DAY_HOURS), kind, extension, value, size])
  return listSums(sums)
}

type Change<R> = { before: R | undefined; after: R | undefined }

/** Changes of counters, added up. */
type StatSums = Map<string, { counter: StatCounter; size: number }>

function addTo(sums: StatSums, counter: StatCounter): void {
  const [hour, kind, extension, value, size] = counter
  const key = `${hour} ${kind} ${extension.length} ${extension} ${value}`
  const sum = sums.get(key)
  if (sum) sum.size += size
  else sums.set(key, { counter, size })
}

/** Each counter once, in the order in which it first came, and none that did not change. */
function listSums(sums: StatSums): StatCounter[] {
  const counters: StatCounter[] = []
  for (const { counter, size } of sums.values())
    if (size !== 0) counters.push([counter[0], counter[1], counter[2], counter[3], size])
  return counters
}

/** So many batches, and changes of counters, are folded in one transaction: few enough that no webhook waits for it. */
export const MAX_DELTAS = 500
const MAX_CHANGES = 2_000

/**
 * What the oldest deltas add up to, of at most `MAX_DELTAS`. `numbers` are those of the deltas that it contains; `isMore`
 * says whether some may be left. Null without any.
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
 * What is counted now and in the hours from `from` to before `until`: what was folded of them, and the counters of each delta that
 * was not.
 */
export function countsOf(
  folded: { counters: Iterable<StatCounter>; byHour: Iterable<SettledCount> },
  deltas: Iterable<string>,
  { from, until }: { from: number; until: number },
): StatCounts {
  const sums: StatSums = new Map()
  const add = ([, kind, name, value, size]: StatCounter) => addTo(sums, [0, kind, name, value, size])
  const settled = [...folded.byHour]
  for (const counter of folded.counters) add(counter)
  for (const delta of deltas) {
    const changes: StatDelta['counters'] = JSON.parse(delta)
    for (const counter of changes) {
      const [hour, kind, , value, size] = counter
      if (hour !== NOW && (hour < from || hour >= until)) continue
      add(counter)
      if (kind === 'settled') settled.push([hour, value, size])
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

/** What changes of rows add to the counters, so that these always add up to what the rows say; null if nothing. */
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
  if (old) count(sums, old, -1)
  if (now) count(sums, now, 1)
}

function isCountedAlike(one: RunRow, other: RunRow): boolean {
  const isSeen = (run: RunRow) => run.acknowledgedAt !== null
  return one.status === other.status && one.error === other.error && isSeen(one) === isSeen(other)
}

function count(sums: StatSums, run: RunRow, size: 1 | -1): void {
  const { status, name, settledAt } = run
  const group = groupOf(run)
  addTo(sums, [NOW, 'runs', name, valueOf(group), size])
  if (status === 'pending') return
  const hour = hourOf(settledAt ?? run.updatedAt)
  addTo(sums, [hour, 'settled', name, status, size])
  if (status === 'failed') addTo(sums, [hour, 'failed', name, group.cause, size])
  if (settledAt !== null) {
    const bucket = bucketOf((settledAt - run.requestedAt) / 1000)
    addTo(sums, [hour, 'seconds', '', String(bucket), size])
  }
}

/** A status, whether it is acknowledged, and the cause. */
function valueOf({ status, acknowledged, cause }: RunGroup): string {
  return `${status} ${acknowledged ? 'acknowledged' : 'open'} ${cause}`
}

/** Reads what the counters `runs` say. */
function groupsOf(counters: readonly StatCounter[]): CountedGroup[] {
  return counters.flatMap(([, kind, extension, value, size]) => {
    const [, status, state, cause = ''] = /^(\w+) (\w+) (.*)$/s.exec(value) ?? []
    if (kind !== 'runs' || size <= 0) return []
    return [{ extension, status: status as RunStatus, acknowledged: state === 'acknowledged', cause, size }]
  })
}

/** Each hour in which runs settled, the first one first. */
function settledByHour(settled: readonly SettledCount[]): SettledInHour[] {
  const hours = new Map<number, SettledInHour>()
  for (const [hour, status, size] of settled) {
    if (!isSettledStatus(status)) continue
    const counts = hours.get(hour) ?? { hour, success: 0, failed: 0, expired: 0 }
    counts[status] += size
    hours.set(hour, counts)
  }
  return [...hours.values()]
    .filter(({ success, failed, expired }) => success + failed + expired > 0)
    .toSorted((one, other) => one.hour - other.hour)
}

type SettledStatus = Exclude<RunStatus, 'pending'>

export function isSettledStatus(value: string): value is SettledStatus {
  return value === 'success' || value === 'failed' || value === 'expired'
}

const HOUR_MS = 3_600_000

export function hourOf(at: number): number {
  return Math.floor(at / HOUR_MS)
}
