import type { Read } from '../gathered-reads.ts'
import type { Connection } from './connection.ts'
import { isBusy, storeError } from './store-error.ts'

/** Reads in one transaction, so that a read that fails fails alone. */
export function readTogether<T>(
  connection: Connection,
  read: (key: string) => T,
): (keys: readonly string[]) => Read<T>[] {
  return connection.transaction((keys: readonly string[]) =>
    keys.map((key) => {
      try {
        return { found: read(key) }
      } catch (error) {
        // Each of them would wait for who holds the file, and the whole process with it.
        if (isBusy(error)) throw error
        return { error: storeError(error) }
      }
    }),
  )
}
