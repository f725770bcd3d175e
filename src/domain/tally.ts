import type { Run } from './run.ts'

export const TALLY_KINDS = ['settled', 'failed', 'seconds'] as const

/** `settled`: the status that a run came to. `failed`: the cause. `seconds`: how long a run took, as a bucket. */
export type TallyKind = (typeof TALLY_KINDS)[number]

/** One thing that happened in an hour, or that is taken back; `hour` in hours since the epoch. */
export type Tally = { hour: number; kind: TallyKind; extension: string; value: string; delta: 1 | -1 }

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

function talliesOf({ run, cause }: CountedRun, delta: Tally['delta']): Tally[] {
  if (run.status === 'pending') return []
  const of = { hour: hourOf(run.settledAt ?? run.updatedAt), extension: run.name, delta }
  const tallies: Tally[] = [{ ...of, kind: 'settled', value: run.status }]
  if (run.status === 'failed') tallies.push({ ...of, kind: 'failed', value: cause })
  if (run.settledAt !== null) {
    const seconds = (run.settledAt - run.requestedAt) / 1000
    tallies.push({ ...of, kind: 'seconds', value: String(bucketOf(seconds)) })
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
