import type { NewRejectedDelivery } from '../domain/delivery.ts'
import { TrackerError } from '../domain/errors.ts'
import type { Store } from '../store/store.ts'

/** Stores rejected deliveries without ever holding up the accepted ones. */
export type RejectionLog = {
  /** Takes it or drops it, and returns at once. The log names it by the id of its request: it has no other yet. */
  keep(refused: Rejected, requestId: string): void
  /** Writes what is left. */
  close(): Promise<void>
}

type Rejected = Omit<NewRejectedDelivery, 'fileId'>

const MIB = 1024 * 1024

/** Of those that prove nothing: an open port must not become a way to fill the disk. */
const UNPROVEN = { perSecond: 10, bodyBytes: 64 * 1024 }

/** What waits to be written. Beyond it they are dropped: ImageKit sends again what was not answered 200. */
const MAX_WAITING_BYTES = 64 * MIB

/** What a delivery takes beside its body, about. */
const OVERHEAD_BYTES = 1024

/** So much is written before the second is over. */
const EARLY_BYTES = 4 * MIB

/** One transaction: it blocks the event loop, and accepted webhooks with it, for a few milliseconds. */
const CHUNK = { count: 200, bytes: MIB }

const MAX_LOGGED = 10

/** Those whose token is valid are stored at any rate, the others at ten a second. Both are written once a second, in small transactions. */
export function createRejectionLog(deps: {
  store: Pick<Store, 'keepRejected'>
  /** The file that a body names; null where it names none. */
  readFileId: (body: Buffer) => string | null
  log: { warn(fields: object, text: string): void }
}): RejectionLog {
  const { store, readFileId, log } = deps
  let waiting: NewRejectedDelivery[] = []
  let waitingBytes = 0
  let second = { kept: 0, unproven: 0, dropped: 0, first: [] as object[] }
  let timer: NodeJS.Timeout | undefined
  /** The store is unavailable: it is tried again once a second. */
  let isStuck = false
  let isClosed = false
  let writing: Promise<void> | undefined

  /** Whether it may be kept, which counts it. */
  const admit = (refused: Rejected): boolean => {
    const isProven = refused.submissionId !== null
    if (waitingBytes >= MAX_WAITING_BYTES || (!isProven && second.unproven >= UNPROVEN.perSecond))
      return false
    if (!isProven) second.unproven += 1
    second.kept += 1
    return true
  }

  const report = () => {
    if (second.kept + second.dropped === 0) return
    const { kept, dropped, first } = second
    second = { kept: 0, unproven: 0, dropped: 0, first: [] }
    log.warn({ kept, dropped, deliveries: first }, 'deliveries were rejected')
  }

  const takeChunk = (): NewRejectedDelivery[] => {
    let bytes = 0
    let count = 0
    for (const refused of waiting) {
      if (count === CHUNK.count || bytes >= CHUNK.bytes) break
      bytes += sizeOf(refused)
      count += 1
    }
    waitingBytes -= bytes
    return waiting.splice(0, count)
  }

  const putBack = (chunk: readonly NewRejectedDelivery[]): void => {
    waiting = [...chunk, ...waiting]
    for (const refused of chunk) waitingBytes += sizeOf(refused)
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
        log.warn({ err, refused: chunk.length, isStuck }, 'rejected deliveries could not be stored')
      }
      // Accepted webhooks have their turn between two transactions.
      if (waiting.length > 0) await new Promise((resolve) => setImmediate(resolve))
    }
    writing = undefined
  }

  const write = (): Promise<void> => {
    if (waiting.length > 0) writing ??= writeAll()
    return writing ?? Promise.resolve()
  }

  return {
    keep(refused, requestId) {
      startTimer()
      if (!admit(refused)) {
        second.dropped += 1
        return
      }
      const { route, cause } = refused
      if (second.first.length < MAX_LOGGED) second.first.push({ requestId, route, cause })
      const named = { ...refused, fileId: readFileId(refused.body) }
      const stored = refused.submissionId === null ? cut(named) : named
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

/** A copy: a view would keep all of the body in memory. */
function cut(refused: NewRejectedDelivery): NewRejectedDelivery {
  if (refused.body.length <= UNPROVEN.bodyBytes) return refused
  return { ...refused, body: Buffer.from(refused.body.subarray(0, UNPROVEN.bodyBytes)) }
}

function sizeOf({ body }: NewRejectedDelivery): number {
  return body.length + OVERHEAD_BYTES
}
