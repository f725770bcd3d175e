import type { Store } from '../store/store.ts'
import { createSnapshotCache, type SnapshotCache } from './snapshot-cache.ts'
import { type StatusSnapshot, takeStatusSnapshot } from './status-snapshot.ts'
import { type StartTimer, startSystemTimer } from './status-timer.ts'
import { createStatusWatchers, type StatusListener } from './status-watchers.ts'

/** Where the present status of assets is asked for and waited for. Exact: never older than the last `invalidate`. */
export type StatusBoard = {
  /** What `find` would resolve with, where it is kept in memory. */
  peek(fileId: string): StatusSnapshot | undefined

  /** Undefined for an asset never heard of. Rejects as the store does. */
  find(fileId: string): Promise<StatusSnapshot | undefined>

  /**
   * Call it after each commit that changed the asset, before the caller of that write gets its response, and when another process
   * has changed it.
   */
  invalidate(fileId: string): void

  /** Invalidates every asset: the caller of a committed write got an error. */
  invalidateAll(): void

  /**
   * Reads again what is watched: another process may have changed it. What is being read already is not read a second time, so
   * a slow database does not get ever more reads; call it regularly.
   */
  refresh(): void

  /**
   * Tells the listener what happens to the asset from now on, in order, until the function that is returned is called.
   * Watch first and ask `find` then: news that come before its answer are at least as new as the answer.
   */
  watch(fileId: string, listener: StatusListener): () => void

  /** How many listeners there are. */
  watching(): number

  /** Tells all listeners, present and to come, that the service stops. */
  close(): void
}

export type StatusBoardOptions = {
  /** How many bytes of answers are kept at most. */
  cacheBytes?: number
  /** Other processes may have changed what is asked for: then nothing is kept, and each question is a read of its own. */
  isShared?: () => boolean
  startTimer?: StartTimer
  /** Told of a load for listeners that failed; it is tried again. */
  onLoadError?: (error: unknown, fileId: string) => void
}

export function createStatusBoard(
  { store }: { store: Pick<Store, 'findAsset'> },
  { cacheBytes = 64 * 1024 * 1024, ...options }: StatusBoardOptions = {},
): StatusBoard {
  const read = async (fileId: string): Promise<StatusSnapshot | undefined> => {
    const facts = await store.findAsset(fileId)
    return facts && takeStatusSnapshot(facts)
  }
  return createBoard(read, { ...options, cache: createSnapshotCache(cacheBytes) })
}

/** A board of whatever `read` reads. */
export function createBoard(
  read: (id: string) => Promise<StatusSnapshot | undefined>,
  options: Omit<StatusBoardOptions, 'cacheBytes'> & { cache: SnapshotCache | undefined },
): StatusBoard {
  const { cache, isShared = () => false, startTimer = startSystemTimer, onLoadError } = options
  const watchers = createStatusWatchers()
  const loads = new Map<string, Promise<StatusSnapshot | undefined>>()
  const retries = new Map<string, () => void>()
  let reads = 0

  // One load an asset at a time. `invalidate` takes a load out of `loads`: from then on it is overtaken, and those who
  // wait for it get the newer state. (The etag can come back to an earlier one, so nobody may be left with the one between.)
  const load = (fileId: string): Promise<StatusSnapshot | undefined> => {
    const present = loads.get(fileId)
    if (present !== undefined) return present
    reads += 1
    const number = reads
    const started = read(fileId).then(
      (snapshot) => {
        if (loads.get(fileId) !== started) return cache?.get(fileId) ?? load(fileId)
        loads.delete(fileId)
        if (snapshot !== undefined && !isShared()) cache?.set(fileId, snapshot)
        watchers.publish(fileId, snapshot, number)
        return snapshot
      },
      (error: unknown) => {
        if (loads.get(fileId) === started) loads.delete(fileId)
        throw error
      },
    )
    loads.set(fileId, started)
    return started
  }

  // It joins no read that has begun: another process may have changed the asset since, and told its caller. It may be newer than
  // the load that listeners wait for. They hear of the newer one, so nobody who follows goes back to the older one.
  const readAnew = async (fileId: string): Promise<StatusSnapshot | undefined> => {
    reads += 1
    const number = reads
    const snapshot = await read(fileId)
    watchers.publish(fileId, snapshot, number)
    return snapshot
  }

  const cancelRetry = (fileId: string): void => {
    retries.get(fileId)?.()
    retries.delete(fileId)
  }

  // A settle is often the last change an asset sees: listeners left to the next `invalidate` would wait for ever.
  const loadForWatchers = (fileId: string): void => {
    cancelRetry(fileId)
    if (!watchers.isOwed(fileId)) return
    load(fileId).catch((error: unknown) => {
      onLoadError?.(error, fileId)
      cancelRetry(fileId)
      if (!watchers.isOwed(fileId)) return
      retries.set(
        fileId,
        startTimer(RETRY_LOAD_MS, () => loadForWatchers(fileId)),
      )
    })
  }

  const invalidate = (fileId: string): void => {
    cache?.delete(fileId)
    loads.delete(fileId)
    if (watchers.owe(fileId, reads)) loadForWatchers(fileId)
  }

  return {
    peek: (fileId) => cache?.get(fileId),

    async find(fileId) {
      return isShared() ? readAnew(fileId) : (cache?.get(fileId) ?? load(fileId))
    },

    invalidate,

    invalidateAll() {
      cache?.clear()
      loads.clear()
      for (const fileId of watchers.watched()) invalidate(fileId)
    },

    refresh() {
      for (const fileId of watchers.watched()) if (!loads.has(fileId)) invalidate(fileId)
    },

    watch(fileId, listener) {
      const leave = watchers.add(fileId, listener)
      return () => {
        leave()
        if (!watchers.isOwed(fileId)) cancelRetry(fileId)
      }
    },

    watching: () => watchers.count(),

    close() {
      for (const fileId of retries.keys()) cancelRetry(fileId)
      watchers.close()
    },
  }
}

const RETRY_LOAD_MS = 1000
