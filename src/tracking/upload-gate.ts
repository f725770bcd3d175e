import { TrackerError } from '../domain/errors.ts'

/** Lets so many uploads in at once; the next one is `overloaded`. */
export type UploadGate = {
  pass<T>(upload: () => Promise<T>): Promise<T>
  /** For what is not limited, but has to be waited for as well. */
  accompany<T>(update: () => Promise<T>): Promise<T>
  /** Resolves once nothing is under way, whether or not its caller is still there. */
  settled(): Promise<void>
}

export function createUploadGate(maxConcurrent: number): UploadGate {
  const underWay = new Set<Promise<unknown>>()
  let uploads = 0
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
    async pass(upload) {
      if (uploads >= maxConcurrent)
        throw new TrackerError(
          'overloaded',
          `${maxConcurrent} uploads are under way already. Try again shortly.`,
        )
      uploads += 1
      try {
        return await accompany(upload)
      } finally {
        uploads -= 1
      }
    },
    accompany,
    async settled() {
      while (underWay.size > 0) await Promise.allSettled(underWay)
    },
  }
}
