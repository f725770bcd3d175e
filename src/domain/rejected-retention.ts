const MIB = 1024 * 1024

/** `proven`: with a valid token. The limits are separate, so that a flood of other deliveries evicts none of these. */
const LIMITS = {
  proven: { count: 10_000, bytes: 256 * MIB },
  unproven: { count: 1_000, bytes: 64 * MIB },
}

/**
 * Selects the rejected deliveries of one kind to evict: the oldest, until the others are within the limits. `totals` covers all
 * of that kind; `oldestFirst` may be only some of them.
 */
export function selectEvicted<T extends { storedBytes: number }>(
  kind: keyof typeof LIMITS,
  totals: { count: number; bytes: number },
  oldestFirst: readonly T[],
): T[] {
  const limit = LIMITS[kind]
  let { count, bytes } = totals
  const firstToStay = oldestFirst.findIndex(({ storedBytes }) => {
    if (count <= limit.count && bytes <= limit.bytes) return true
    count -= 1
    bytes -= storedBytes
    return false
  })
  return firstToStay === -1 ? [...oldestFirst] : oldestFirst.slice(0, firstToStay)
}
