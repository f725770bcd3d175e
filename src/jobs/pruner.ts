import { type Repeated, repeat } from './repeat.ts'

type PrunerDeps = {
  store: {
    pruneBodies(
      receivedBefore: number,
      limit: number,
      after: number | null,
    ): Promise<{ pruned: number; next: number | null }>
  }
  clock: () => number
  retentionMs: number
  log: { error(fields: object, text: string): void }
}

/** So few at once that no delivery waits for it. */
const AT_ONCE = 200
const BETWEEN_MS = 50
const EVERY_MS = 10 * 60_000

/** Removes bodies and headers of deliveries past their retention; their rows and all statuses stay. */
export function createPruner({ store, clock, retentionMs, log }: PrunerDeps): Repeated {
  let after: number | null = null
  return repeat(
    async () => {
      // To the end of the table, past what a clock that was ahead has left among the old.
      const { next } = await store.pruneBodies(clock() - retentionMs, AT_ONCE, after)
      after = next
      return next === null ? EVERY_MS : BETWEEN_MS
    },
    { afterFailureMs: EVERY_MS, onError: (err) => log.error({ err }, 'pruning failed') },
  )
}
