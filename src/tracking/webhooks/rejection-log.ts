import type { NewRejectedDelivery } from '../../domain/delivery.ts'
import { TrackerError } from '../../domain/errors.ts'
import type { Store } from '../../store/store.ts'

/** Stores rejected deliveries without delaying the accepted ones noticeably. */
export type RejectionLog = {
  /** Queues or drops the delivery, and returns at once. It has no delivery id yet, so a log line that describes it has its request id. */
  add(rejected: Rejection, requestId: string): void
  /** Writes what is still queued; if that fails, it is lost. */
  close(): Promise<void>
}

type Rejection = Omit<NewRejectedDelivery, 'fileId'>

const MIB = 1024 * 1024

/**
 * For deliveries without a valid token, such as all account webhooks: otherwise anyone who reaches the port could fill the disk.
 * `bodyBytes`: longer bodies are stored truncated.
 */
const UNPROVEN = { perSecond: 10, bodyBytes: 64 * 1024 }

/** The maximum size of the queue. Beyond it, deliveries are dropped: ImageKit sends a delivery again if it got no 200. */
const MAX_WAITING_BYTES = 64 * MIB

/** The approximate size of a delivery without its body. */
const OVERHEAD_BYTES = 1024

/** A queue of this size is written at once instead of at the end of the second. */
const EARLY_BYTES = 4 * MIB

/** The approximate limits of one transaction. With SQLite it blocks the event loop, and so accepted webhooks, for a few milliseconds. */
const CHUNK = { count: 200, bytes: MIB }

/** The maximum number of deliveries that one log line describes. Its counts include the others. */
const MAX_LOGGED = 10

/**
 * Stores any number of deliveries with a valid token per second, but only ten others; drops both while the queue is full. Both
 * are written once a second, or earlier if many are queued, in small transactions.
 */
export function createRejectionLog(deps: {
  store: Pick<Store, 'keepRejected'>
  /** Returns the file that a body names; null if it names none. */
  readFileId: (body: Buffer) => string | null
  log: { warn(fields: object, text: string): void }
}): RejectionLog {
  const { store, readFileId, log } = deps
  let waiting: NewRejectedDelivery[] = []
  let waitingBytes = 0
  let thisSecond = { kept: 0, unproven: 0, dropped: 0, logged: [] as object[] }
  let timer: NodeJS.Timeout | undefined
  /** Whether the store was unavailable at the last write: the next one is then not early, but at the end of the second. */
  let isStuck = false
  let isClosed = false
  let writing: Promise<void> | undefined

  /** Returns whether the delivery is within the limits, and counts it if so. */
  const countIfAllowed = (rejected: Rejection): boolean => {
    const isProven = rejected.submissionId !== null
    if (waitingBytes >= MAX_WAITING_BYTES || (!isProven && thisSecond.unproven >= UNPROVEN.perSecond))
      return false
    if (!isProven) thisSecond.unproven += 1
    thisSecond.kept += 1
    return true
  }

  const report = () => {
    if (thisSecond.kept + thisSecond.dropped === 0) return
    const { kept, dropped, logged } = thisSecond
    thisSecond = { kept: 0, unproven: 0, dropped: 0, logged: [] }
    log.warn({ event: 'delivery.rejected', kept, dropped, deliveries: logged }, 'deliveries rejected')
  }

  const takeChunk = (): NewRejectedDelivery[] => {
    let bytes = 0
    let count = 0
    for (const rejected of waiting) {
      if (count === CHUNK.count || bytes >= CHUNK.bytes) break
      bytes += sizeOf(rejected)
      count += 1
    }
    waitingBytes -= bytes
    return waiting.splice(0, count)
  }

  const putBack = (chunk: readonly NewRejectedDelivery[]): void => {
    waiting = [...chunk, ...waiting]
    for (const rejected of chunk) waitingBytes += sizeOf(rejected)
    startTimer()
  }

  const startTimer = (): void => {
    if (isClosed) return
    timer ??= setTimeout(() => {
      timer = undefined
      report()
      void write()
    }, 1000).unref()
  }

  const writeAll = async (): Promise<void> => {
    isStuck = false
    while (waiting.length > 0 && !isStuck) {
      const chunk = takeChunk()
      try {
        await store.keepRejected(chunk)
      } catch (err) {
        isStuck = err instanceof TrackerError && err.code === 'store_unavailable'
        if (isStuck) putBack(chunk)
        log.warn(
          { event: 'rejection_write.failed', err, rejected: chunk.length, isStuck },
          'rejected deliveries could not be stored',
        )
      }
      // Accepted webhooks are processed between two transactions.
      if (waiting.length > 0) await new Promise((resolve) => setImmediate(resolve))
    }
    writing = undefined
  }

  const write = (): Promise<void> => {
    if (waiting.length > 0) writing ??= writeAll()
    return writing ?? Promise.resolve()
  }

  return {
    add(rejected, requestId) {
      startTimer()
      if (!countIfAllowed(rejected)) {
        thisSecond.dropped += 1
        return
      }
      const { route, cause } = rejected
      if (thisSecond.logged.length < MAX_LOGGED) thisSecond.logged.push({ requestId, route, cause })
      const withFileId = { ...rejected, fileId: readFileId(rejected.body) }
      const stored = rejected.submissionId === null ? truncate(withFileId) : withFileId
      waiting.push(stored)
      waitingBytes += sizeOf(stored)
      if (waitingBytes >= EARLY_BYTES && !isStuck) void write()
    },
    async close() {
      isClosed = true
      clearTimeout(timer)
      report()
      await write()
    },
  }
}

/** Copies the start of a long body: a view would keep the whole body in memory. */
function truncate(rejected: NewRejectedDelivery): NewRejectedDelivery {
  if (rejected.body.length <= UNPROVEN.bodyBytes) return rejected
  return { ...rejected, body: Buffer.from(rejected.body.subarray(0, UNPROVEN.bodyBytes)) }
}

function sizeOf({ body }: NewRejectedDelivery): number {
  return body.length + OVERHEAD_BYTES
}
