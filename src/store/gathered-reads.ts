import type { Awaitable } from './transaction-work.ts'

/** So that reads never keep the process from its sockets for long. */
const MAX_BATCH = 200

/** What a read has found, or why it failed. */
export type Read<T> = { found: T } | { error: unknown }

type Asked<T> = { key: string; resolve: (found: T) => void; reject: (error: unknown) => void }

/**
 * Gathers the reads that are requested in one turn of the event loop and does them together: SQLite locks its log once, and the
 * responses are sent together. With 64 callers this halves the cost of a response (118 to 56 µs), mostly because each caller is not
 * woken for one response at a time. At most `maxBatches` are read at a time, one on each connection; reads that are requested
 * meanwhile wait for one of them to end, and go together. A new read never joins a batch that is already being read: that may not
 * see what was committed since. If `readAll` throws, the whole batch fails.
 */
export function gatherReads<T>(
  readAll: (keys: readonly string[]) => Awaitable<Read<T>[]>,
  { maxBatches }: { maxBatches: number },
) {
  const asked: Asked<T>[] = []
  const underWay = new Set<Promise<void>>()
  let isPlanned = false

  const plan = (): void => {
    if (isPlanned || asked.length === 0 || underWay.size >= maxBatches) return
    isPlanned = true
    setImmediate(() => {
      isPlanned = false
      if (asked.length > 0) void readNext()
      plan()
    })
  }
  const readNext = (): Promise<void> => {
    const read = readBatch()
    underWay.add(read)
    return read.finally(() => {
      underWay.delete(read)
      plan()
    })
  }
  const readBatch = async (): Promise<void> => {
    const batch = asked.splice(0, MAX_BATCH)
    try {
      const reads = await readAll(batch.map(({ key }) => key))
      for (const [index, { resolve, reject }] of batch.entries()) {
        const read = reads[index] ?? { error: new Error('it was not read') }
        if ('found' in read) resolve(read.found)
        else reject(read.error)
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
  return {
    find: (key: string): Promise<T> =>
      new Promise((resolve, reject) => {
        asked.push({ key, resolve, reject })
        plan()
      }),
    /** Resolves once everything that was asked for is read. */
    drain: async (): Promise<void> => {
      while (asked.length > 0) await readNext()
      await Promise.all(underWay)
    },
  }
}
