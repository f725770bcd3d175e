import type { RefusedDelivery } from '../domain/delivery.ts'

/** Keeps refused deliveries without ever holding up the accepted ones. */
export type RefusedLog = {
  /** Takes it or drops it, and returns at once. */
  keep(refused: Omit<RefusedDelivery, 'fileId'>): void
  /** Writes what is left. */
  close(): Promise<void>
}

const MAX_A_SECOND = 10

/** At most ten a second are written, once a second: an open port must not become a way to fill the disk. */
export function createRefusedLog(deps: {
  store: { keepRefused(refused: readonly RefusedDelivery[]): Promise<void> }
  /** The file that a body names; null where it names none. */
  readFileId: (body: Buffer) => string | null
  log: { warn(fields: object, text: string): void }
}): RefusedLog {
  const { store, readFileId, log } = deps
  let waiting: Omit<RefusedDelivery, 'fileId'>[] = []
  let dropped = 0
  let timer: NodeJS.Timeout | undefined
  let writing = Promise.resolve()

  const write = async (): Promise<void> => {
    timer = undefined
    const refused = waiting.map((one) => ({ ...one, fileId: readFileId(one.body) }))
    const missing = dropped
    waiting = []
    dropped = 0
    const causes = refused.map(({ deliveryId, route, cause }) => ({ deliveryId, route, cause }))
    log.warn({ causes, dropped: missing }, 'deliveries were refused')
    try {
      await store.keepRefused(refused)
    } catch (err) {
      log.warn({ err, refused: refused.length }, 'refused deliveries could not be kept')
    }
  }

  return {
    keep(refused) {
      if (waiting.length < MAX_A_SECOND) waiting.push(refused)
      else dropped += 1
      timer ??= setTimeout(() => {
        // A store that is slow gets no second batch while it has one.
        writing = writing.then(write)
      }, 1000).unref()
    },
    async close() {
      clearTimeout(timer)
      await writing
      if (waiting.length > 0) await write()
    },
  }
}
