import type { Store } from '../../store/store.ts'
import { createSnapshotCache, type SnapshotCache } from './snapshot-cache.ts'
import { type StatusSnapshot, takeStatusSnapshot } from './status-snapshot.ts'
import { createStatusWatchers, type StatusListener } from './status-watchers.ts'

/** A cache of asset statuses that can be watched. It never returns a status older than the last `invalidate`. */
export type StatusCache = {
  /** The cached status; undefined if it is not in the cache. */
  peek(fileId: string): StatusSnapshot | undefined

  /** Reads the status, from the cache if possible. Undefined for an unknown asset. Rejects with the store's error. */
  find(fileId: string): Promise<StatusSnapshot | undefined>

  /**
   * Call it after each commit that changed the asset, before the caller of that write gets its response, and when another process
   * has changed the asset.
   */
  invalidate(fileId: string): void

  /** Invalidates every asset: call it if a write was committed, but its caller got an error. */
  invalidateAll(): void

  /**
   * Reads all watched assets again, because another process may have changed them; call it regularly. An asset that is already
   * being read is not read a second time, so that reads don't pile up on a slow database.
   */
  refresh(): void

  /**
   * Notifies the listener of each change of the asset, in order, until the returned function is called. Call `watch` before
   * `find`: a notification that arrives before `find` resolves is at least as new as its result.
   */
  watch(fileId: string, listener: StatusListener): () => void

  /** The number of listeners. */
  watching(): number

  /** Notifies all listeners, present and future, that the service stops. */
  close(): void
}

export type StatusCacheOptions = {
  /** The maximum size of the cache, in bytes. */
  cacheBytes?: number
  /** If other processes may change the assets, nothing is cached, and each `find` reads the store. */
  isShared?: () => boolean
  startTimer?: StartTimer
  /** Called when a read for listeners fails; it is retried. */
  onLoadError?: (error: unknown, fileId: string) => void
}

export function createStatusCache(
  { store }: { store: Pick<Store, 'findAsset'> },
  { cacheBytes = 64 * 1024 * 1024, ...options }: StatusCacheOptions = {},
): StatusCache {
  const read = async (fileId: string): Promise<StatusSnapshot | undefined> => {
    const facts = await store.findAsset(fileId)
    return facts && takeStatusSnapshot(facts)
  }
  return createCacheOf(read, { ...options, cache: createSnapshotCache(cacheBytes) })
}

/** A cache of the snapshots that `read` returns. */
export function createCacheOf(
  read: (id: string) => Promise<StatusSnapshot | undefined>,
  options: Omit<StatusCacheOptions, 'cacheBytes'> & { cache: SnapshotCache | undefined },
): StatusCache {
  const { cache, isShared = () => false, startTimer = startSystemTimer, onLoadError } = options
  const watchers = createStatusWatchers()
  const loads = new Map<string, Promise<StatusSnapshot | undefined>>()
  const retries = new Map<string, () => void>()
  let readsBegun = 0

  // One load per asset at a time. `invalidate` removes a load from `loads`: it is outdated then, and its callers get the newer
  // status. (The version can return to an earlier one, so no caller may keep the status in between.)
  const load = (fileId: string): Promise<StatusSnapshot | undefined> => {
    const inProgress = loads.get(fileId)
    if (inProgress !== undefined) return inProgress
    readsBegun += 1
    const readNumber = readsBegun
    const started = read(fileId).then(
      (snapshot) => {
        if (loads.get(fileId) !== started) return cache?.get(fileId) ?? load(fileId)
        loads.delete(fileId)
        if (snapshot !== undefined && !isShared()) cache?.set(fileId, snapshot)
        watchers.notify(fileId, snapshot, readNumber)
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

  // Never joins a read in progress: another process may have changed the asset since, and already responded to its caller. The
  // result may be newer than the load that listeners wait for, so listeners get it too, and none goes back to an older status.
  const readFresh = async (fileId: string): Promise<StatusSnapshot | undefined> => {
    readsBegun += 1
    const readNumber = readsBegun
    const snapshot = await read(fileId)
    watchers.notify(fileId, snapshot, readNumber)
    return snapshot
  }

  const cancelRetry = (fileId: string): void => {
    retries.get(fileId)?.()
    retries.delete(fileId)
  }

  // The settling of a run is often an asset's last change: without a retry, its listeners would never be notified.
  const loadForWatchers = (fileId: string): void => {
    cancelRetry(fileId)
    if (!watchers.isStale(fileId)) return
    load(fileId).catch((error: unknown) => {
      onLoadError?.(error, fileId)
      cancelRetry(fileId)
      if (!watchers.isStale(fileId)) return
      retries.set(
        fileId,
        startTimer(RETRY_LOAD_MS, () => loadForWatchers(fileId)),
      )
    })
  }

  const invalidate = (fileId: string): void => {
    cache?.delete(fileId)
    loads.delete(fileId)
    if (watchers.markStale(fileId, readsBegun)) loadForWatchers(fileId)
  }

  return {
    peek: (fileId) => cache?.get(fileId),

    async find(fileId) {
      return isShared() ? readFresh(fileId) : (cache?.get(fileId) ?? load(fileId))
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
      const unwatch = watchers.add(fileId, listener)
      return () => {
        unwatch()
        if (!watchers.isStale(fileId)) cancelRetry(fileId)
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

/** Runs `task` once after `ms` milliseconds. The returned function cancels it. */
export type StartTimer = (ms: number, task: () => void) => () => void

/** Doesn't keep the process running: a wait ends when the service stops. */
export const startSystemTimer: StartTimer = (ms, task) => {
  const timer = setTimeout(task, ms).unref()
  return () => clearTimeout(timer)
}
