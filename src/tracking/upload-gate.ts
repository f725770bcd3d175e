import { TrackerError } from '../domain/errors.ts'

/** Lets so many uploads in at once, and as many updates; the next one is `overloaded`. Neither takes the other's room. */
export type UploadGate = {
  pass<T>(kind: Passing, work: () => Promise<T>): Promise<T>
  /** For what is not limited, but has to be waited for as well. */
  accompany<T>(work: () => Promise<T>): Promise<T>
  /** Resolves once nothing is under way, whether or not its caller is still there. */
  settled(): Promise<void>
}

type Passing = 'uploads' | 'updates'

export function createUploadGate(maxConcurrent: number): UploadGate {
  const underWay = new Set<Promise<unknown>>()
  const count = { uploads: 0, updates: 0 }
  const accompany = async <T>(work: () => Promise<T>): Promise<T> => {
    const done = work()
    underWay.add(done)
    try {
      return await done
    } finally {
      underWay.delete(done)
    }
  }
  return {
    async pass(kind, work) {
      if (count[kind] >= maxConcurrent)
        throw new TrackerError(
          'overloaded',
          `${maxConcurrent} ${kind} are under way already. Try again shortly.`,
        )
      count[kind] += 1
      try {
        return await accompany(work)
      } finally {
        count[kind] -= 1
      }
    },
    accompany,
    async settled() {
      while (underWay.size > 0) await Promise.allSettled(underWay)
    },
  }
}
