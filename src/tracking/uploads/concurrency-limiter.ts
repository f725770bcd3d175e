import { TrackerError } from '../../domain/errors.ts'

/** Limits concurrent uploads, concurrent updates and concurrent forwarded requests, each separately. */
export type ConcurrencyLimiter = {
  /** Runs `work`. If the limit for this kind is reached, rejects with `overloaded` instead. */
  run<T>(kind: LimitedKind, work: () => Promise<T>): Promise<T>
  /** Runs work that is not limited, but that `settled` also has to wait for. */
  track<T>(work: () => Promise<T>): Promise<T>
  /** Resolves once no work is in progress, including work whose caller has disconnected. */
  settled(): Promise<void>
}

type LimitedKind = 'uploads' | 'updates' | 'forwarded requests'

/** `maxConcurrent` is the limit for each kind. */
export function createConcurrencyLimiter(maxConcurrent: number): ConcurrencyLimiter {
  const inProgress = new Set<Promise<unknown>>()
  const count = { uploads: 0, updates: 0, 'forwarded requests': 0 }
  const track = async <T>(work: () => Promise<T>): Promise<T> => {
    const done = work()
    inProgress.add(done)
    try {
      return await done
    } finally {
      inProgress.delete(done)
    }
  }
  return {
    async run(kind, work) {
      if (count[kind] >= maxConcurrent)
        throw new TrackerError(
          'overloaded',
          `${maxConcurrent} ${kind} are already in progress. Try again shortly.`,
        )
      count[kind] += 1
      try {
        return await track(work)
      } finally {
        count[kind] -= 1
      }
    },
    track,
    async settled() {
      while (inProgress.size > 0) await Promise.allSettled(inProgress)
    },
  }
}
