import { TrackerError } from '../domain/errors.ts'

/** Lets so many uploads in at once; the next one is `overloaded`. */
export type UploadGate = { pass<T>(upload: () => Promise<T>): Promise<T> }

export function createUploadGate(maxConcurrent: number): UploadGate {
  let underWay = 0
  return {
    async pass(upload) {
      if (underWay >= maxConcurrent)
        throw new TrackerError(
          'overloaded',
          `${maxConcurrent} uploads are under way already. Try again shortly.`,
        )
      underWay += 1
      try {
        return await upload()
      } finally {
        underWay -= 1
      }
    },
  }
}
