import { isClockInDoubt } from '../domain/due-time.ts'
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
  /** How long the service has been running, in milliseconds: nothing sets it. */
  uptimeMs: () => number
  /** The time of the newest row when the database was opened; null where it was empty. */
  newestRowAt: () => number | null
  retentionMs: number
  log: { error(fields: object, text: string): void; warn(fields: object, text: string): void }
}

/** So few at once that no delivery waits for it. */
const AT_ONCE = 200
const BETWEEN_MS = 50
const EVERY_MS = 10 * 60_000

/** Removes bodies and headers of deliveries past their retention; their rows and all statuses stay. */
export function createPruner(deps: PrunerDeps): Repeated {
  const { store, clock, uptimeMs, newestRowAt, retentionMs, log } = deps
  const startedAt = uptimeMs()
  let isWarned = false
  let after: number | null = null
  return repeat(
    async () => {
      if (isClockInDoubt(clock(), newestRowAt(), uptimeMs() - startedAt)) {
        const fields = { now: timeText(clock()), newestRowAt: timeText(newestRowAt() ?? 0) }
        if (!isWarned)
          log.warn(
            fields,
            'the clock is more than a day past the newest row: check it. Pruning starts in a day',
          )
        isWarned = true
        return EVERY_MS
      }
      // To the end of the table, past what a clock that was ahead has left among the old.
      const { next } = await store.pruneBodies(clock() - retentionMs, AT_ONCE, after)
      after = next
      return next === null ? EVERY_MS : BETWEEN_MS
    },
    { afterFailureMs: EVERY_MS, onError: (err) => log.error({ err }, 'pruning failed') },
  )
}

function timeText(at: number): string {
  return new Date(at).toISOString()
}
