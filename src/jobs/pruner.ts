import { type Repeated, repeat } from './repeat.ts'

type PrunerDeps = {
  store: { pruneBodies(receivedBefore: number, limit: number): Promise<number> }
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
  return repeat(
    async () => {
      const pruned = await store.pruneBodies(clock() - retentionMs, AT_ONCE)
      return pruned === 0 ? EVERY_MS : BETWEEN_MS
    },
    { afterFailureMs: EVERY_MS, onError: (err) => log.error({ err }, 'pruning failed') },
  )
}
