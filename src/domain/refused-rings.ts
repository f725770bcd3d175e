import type { RefusalCause } from './delivery.ts'

/** `unverified`: well-formed, so that it may be applied once a secret is mended. `other`: it never can be, or is cut. */
export type RefusedRing = 'unverified' | 'other'

const RING_SIZES = { unverified: 1000, other: 200 } as const satisfies Record<RefusedRing, number>
const MAX_BODY_BYTES = 64 * 1024 * 1024

export function ringOf(cause: RefusalCause): RefusedRing {
  switch (cause) {
    case 'forged_token':
    case 'no_secret':
    case 'absent_signature':
    case 'malformed_signature':
    case 'bad_signature':
    case 'stale_signature':
    case 'unknown_submission':
      return 'unverified'
    case 'not_json':
    case 'too_large':
    case 'broken_off':
    case 'too_slow':
      return 'other'
  }
}

/**
 * Of the refused deliveries that are kept, the newest first, those that have to go: what its ring has no room for, and of
 * the rest the oldest, until the bodies are 64 MiB together.
 */
export function listSurplus<T extends { cause: RefusalCause; keptBytes: number }>(kept: readonly T[]): T[] {
  const room = { ...RING_SIZES } as Record<RefusedRing, number>
  let bytesLeft = MAX_BODY_BYTES
  return kept.filter(({ cause, keptBytes }) => {
    const ring = ringOf(cause)
    if (room[ring] === 0) return true
    room[ring] -= 1
    bytesLeft -= keptBytes
    return bytesLeft < 0
  })
}
