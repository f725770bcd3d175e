import type { Run, RunStatus } from './run.ts'
import type { RunGroup } from './run-group.ts'

/**
 * `settled`: the status that a run came to. `failed`: the cause. `seconds`: how long a run took, as a bucket, of all extensions
 * together.
 */
type TallyKind = 'settled' | 'failed' | 'seconds'

/** How often something happened; in a change, how much more or less often. */
export type TallyCount = readonly [kind: TallyKind, value: string, extension: string, size: number]

/** One thing that happened in an hour, or that is taken back; `hour` in hours since the epoch. */
export type Tally = { hour: number; counted: TallyCount }

/** How many runs came to each status in an hour since the epoch. */
export type SettledInHour = { hour: number; success: number; failed: number; expired: number }

/** How often each thing happened. */
export type TallySums = Map<string, { count: TallyCount; size: number }>

export function addTo(sums: TallySums, count: TallyCount): void {
  const [kind, value, extension, size] = count
  const key = `${kind} ${extension.length} ${extension} ${value}`
  const sum = sums.get(key)
  if (sum) sum.size += size
  else sums.set(key, { count, size })
}

/** Each thing once, in the order in which it first came, and none that did not happen. */
export function listSums(sums: TallySums): TallyCount[] {
  const counts: TallyCount[] = []
  for (const { count, size } of sums.values())
    if (size !== 0) counts.push([count[0], count[1], count[2], size])
  return counts
}

export function addUp(counts: readonly TallyCount[]): TallyCount[] {
  const sums: TallySums = new Map()
  for (const count of counts) addTo(sums, count)
  return listSums(sums)
}

type SettledStatus = Exclude<RunStatus, 'pending'>

/** How many runs came to each status. */
export function countStatuses(counts: readonly TallyCount[]): { [status in SettledStatus]: number } {
  const statuses = { success: 0, failed: 0, expired: 0 }
  for (const [kind, value, , size] of counts)
    if (kind === 'settled' && isSettledStatus(value)) statuses[value] += size
  return statuses
}

function isSettledStatus(value: string): value is SettledStatus {
  return value === 'success' || value === 'failed' || value === 'expired'
}

/** For how many hours together it is counted: for each one, and for each day of the epoch. */
export const TALLY_SPANS = [1, 24] as const

export type TallySpan = (typeof TALLY_SPANS)[number]

/** Of hours those that are whole days, and the rest: all of what is counted in them is in few spans. Half-open. */
export function tallySpansOf(
  from: number,
  until: number,
): { hours: TallySpan; from: number; until: number }[] {
  const firstDay = Math.ceil(from / 24) * 24
  const lastDay = Math.floor(until / 24) * 24
  if (firstDay >= lastDay) return [{ hours: 1, from, until }]
  return [
    { hours: 1, from, until: firstDay },
    { hours: 24, from: firstDay, until: lastDay },
    { hours: 1, from: lastDay, until },
  ]
}

const HOUR_MS = 3_600_000

export function hourOf(at: number): number {
  return Math.floor(at / HOUR_MS)
}

/** A run with the cause under which its failure is counted; empty where it has not failed. */
export type CountedRun = { run: Run; cause: string }

/**
 * What a change of a run adds to the counts of its hour, and takes from them: so they always add up to what the runs say.
 * Undefined is a run that is not there, or does not count.
 */
export function tallyChange(before: CountedRun | undefined, after: CountedRun | undefined): Tally[] {
  if (before && after && before.run.status === after.run.status && before.cause === after.cause) return []
  return [...(before ? talliesOf(before, -1) : []), ...(after ? talliesOf(after, 1) : [])]
}

function talliesOf({ run, cause }: CountedRun, delta: 1 | -1): Tally[] {
  const { status, name, settledAt } = run
  if (status === 'pending') return []
  const hour = hourOf(settledAt ?? run.updatedAt)
  const tallies: Tally[] = [{ hour, counted: ['settled', status, name, delta] }]
  if (status === 'failed') tallies.push({ hour, counted: ['failed', cause, name, delta] })
  if (settledAt !== null) {
    const bucket = bucketOf((settledAt - run.requestedAt) / 1000)
    tallies.push({ hour, counted: ['seconds', String(bucket), '', delta] })
  }
  return tallies
}

/** Each bucket is a tenth wider than the one below, so that a quantile is told to within five per cent. */
const GROWTH = 1.1

/** The bucket of a duration: 0 up to a tenth of a second, and at most 200, which is seven months. */
export function bucketOf(seconds: number): number {
  if (!(seconds > 0.1)) return 0
  return Math.min(Math.ceil(Math.log(seconds / 0.1) / Math.log(GROWTH)), 200)
}

/** The middle of a bucket, in seconds to four digits. */
function secondsOf(bucket: number): number {
  if (bucket === 0) return 0.1
  return Number((0.1 * GROWTH ** (bucket - 0.5)).toPrecision(4))
}

/** The time within which a share of what was counted was done, in seconds; null where nothing was. */
export function quantileOf(buckets: ReadonlyMap<number, number>, share: number): number | null {
  const total = [...buckets.values()].reduce((sum, size) => sum + size, 0)
  if (total === 0) return null
  let seen = 0
  for (const [bucket, size] of [...buckets].toSorted(([one], [other]) => one - other)) {
    seen += size
    if (seen >= total * share) return secondsOf(bucket)
  }
  return null
}

type StatusCounts = { [status in RunStatus]: number }

/** What was counted, as an operator reads it. */
type Totals = {
  byStatus: StatusCounts
  byExtension: { [extension: string]: StatusCounts }
  /** Of the failures, the most frequent first. */
  causes: { extension: string; cause: string; count: number }[]
  settleSeconds: { p50: number | null; p95: number | null }
}

/** `pending` is how many are so now, of `groups`; the rest is what `counts` has, in which each thing is told once. */
export function totalsOf(
  groups: readonly (RunGroup & { size: number })[],
  counts: readonly TallyCount[],
): Totals {
  const byStatus = noRuns()
  const byExtension = new Map<string, StatusCounts>()
  const causes: Totals['causes'] = []
  const buckets = new Map<number, number>()
  const add = (extension: string, status: RunStatus, size: number) => {
    const ofExtension = byExtension.get(extension) ?? noRuns()
    byExtension.set(extension, ofExtension)
    ofExtension[status] += size
    byStatus[status] += size
  }
  for (const { extension, status, size } of groups) if (status === 'pending') add(extension, status, size)
  for (const [kind, value, extension, size] of counts) {
    if (kind === 'settled' && isSettledStatus(value)) add(extension, value, size)
    if (kind === 'failed' && size > 0) causes.push({ extension, cause: value, count: size })
    if (kind === 'seconds') buckets.set(Number(value), size)
  }
  return {
    byStatus,
    byExtension: Object.fromEntries(byExtension),
    causes: causes.toSorted((one, other) => other.count - one.count),
    settleSeconds: { p50: quantileOf(buckets, 0.5), p95: quantileOf(buckets, 0.95) },
  }
}

function noRuns(): StatusCounts {
  return { pending: 0, success: 0, failed: 0, expired: 0 }
}
