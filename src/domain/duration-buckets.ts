/** Durations are counted in buckets. Each ends 10 % higher than the one below, so a quantile over 0.1 s is accurate to 5 %. */
const GROWTH = 1.1

/** The bucket of a duration: 0 for up to 0.1 s, and 200 for about seven months or more. */
export function bucketOf(seconds: number): number {
  if (!(seconds > 0.1)) return 0
  return Math.min(Math.ceil(Math.log(seconds / 0.1) / Math.log(GROWTH)), 200)
}

/** The middle of a bucket, in seconds, with four significant digits; for bucket 0, its upper end. */
function secondsOf(bucket: number): number {
  if (bucket === 0) return 0.1
  return Number((0.1 * GROWTH ** (bucket - 0.5)).toPrecision(4))
}

/** The quantile for a share of all counted durations, in seconds; null if there are none. */
export function quantileOf(buckets: ReadonlyMap<number, number>, share: number): number | null {
  const total = [...buckets.values()].reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  let cumulative = 0
  for (const [bucket, count] of [...buckets].toSorted(([one], [other]) => one - other)) {
    cumulative += count
    if (cumulative >= total * share) return secondsOf(bucket)
  }
  return null
}
