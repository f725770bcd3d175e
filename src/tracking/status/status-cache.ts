import { LRUCache } from 'lru-cache'
import type { Store } from '../../store/store.ts'
import { type ReadSnapshot, type StatusSnapshot, takeStatusSnapshot } from './status-snapshot.ts'
import { createStatusWatchers, type StatusListener } from './status-watchers.ts'

/**
 * A cache of statuses that can be watched. It never returns a status older than the last `invalidate` before the call. The ids are
 * those of assets, or of submissions in the cache of submissions; the comments say "asset" for both.
 */
export type StatusCache = {
  /** The cached status; undefined if it is not in the cache. */
  peek(id: string): ReadSnapshot | undefined

  /** Reads the status, from the cache if possible. Undefined for an unknown asset. Rejects with the store's error. */
  find(id: string): Promise<ReadSnapshot | undefined>

  /**
   * Call it after each commit that changed the asset, before the caller of that write gets its response, and when another process
   * has changed the asset.
   */
  invalidate(id: string): void

  /** Invalidates every asset: call it if a write was committed, but its caller got an error. */
  invalidateAll(): void

  /**
   * Reads all watched assets again, because another process may have changed them; call it regularly. An asset that is already
   * being read for its listeners is not read a second time, so that reads don't pile up on a slow database.
   */
  refresh(): void

  /**
   * Notifies the listener of each newer status, and when the asset is forgotten or the service stops, until the returned function is
   * called. Quick changes may cause a single notification. Call `watch` before `find`, and use `newerOf` for the status that `find`
   * returns and the last one that the listener has got by then: with a shared database, either may be from the later read.
   */
  watch(id: string, listener: StatusListener): () => void

  /** The number of listeners. */
  listenerCount(): number

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
  onLoadError?: (error: unknown, id: string) => void
}

export function createStatusCache(
  { store }: { store: Pick<Store, 'findAsset'> },
  { cacheBytes = 64 * 1024 * 1024, ...options }: StatusCacheOptions = {},
): StatusCache {
  const read = async (fileId: string): Promise<StatusSnapshot | undefined> => {
    const facts = await store.findAsset(fileId)
    return facts && takeStatusSnapshot(facts)
  }
  const cache = new LRUCache<string, ReadSnapshot>({ maxSize: cacheBytes, sizeCalculation: bytesOf })
  return createCacheOf(read, { ...options, cache })
}

/** Two bytes per character, as V8 stores any text beyond Latin-1, plus the objects around it. */
function bytesOf(snapshot: ReadSnapshot): number {
  return 2 * snapshot.body.length + 512
}

/** A cache of the snapshots that `read` returns, by the id that `read` takes. */
export function createCacheOf(
  read: (id: string) => Promise<StatusSnapshot | undefined>,
  options: Omit<StatusCacheOptions, 'cacheBytes'> & {
    cache: Pick<LRUCache<string, ReadSnapshot>, 'get' | 'set' | 'delete' | 'clear'> | undefined
  },
): StatusCache {
  const { cache, isShared = () => false, startTimer = startSystemTimer, onLoadError } = options
  const watchers = createStatusWatchers()
  const loads = new Map<string, Promise<ReadSnapshot | undefined>>()
  const retries = new Map<string, () => void>()
  let readsBegun = 0

  // Concurrent callers share one load. `invalidate` removes the load from `loads`: it is outdated then, and its callers get the
  // newer status instead. (A status can return to the version that listeners were last notified of. They are not notified of it
  // again, so no caller may keep the version in between.)
  const load = (id: string): Promise<ReadSnapshot | undefined> => {
    const inProgress = loads.get(id)
    if (inProgress !== undefined) return inProgress
    readsBegun += 1
    const readNumber = readsBegun
    const started = read(id).then(
      (found) => {
        const snapshot = found && { ...found, readNumber }
        if (loads.get(id) !== started) return cache?.get(id) ?? load(id)
        loads.delete(id)
        if (snapshot !== undefined && !isShared()) cache?.set(id, snapshot)
        watchers.notify(id, snapshot, readNumber)
        return snapshot
      },
      (error: unknown) => {
        if (loads.get(id) === started) loads.delete(id)
        throw error
      },
    )
    loads.set(id, started)
    return started
  }

  // Never joins a read in progress: another process may have changed the asset since the read began, and already responded to
  // its own caller. The result may be newer than that of the load that listeners wait for. They are notified of the newer one and
  // not of the older one, so that none goes back to an older status.
  const readFresh = async (id: string): Promise<ReadSnapshot | undefined> => {
    readsBegun += 1
    const readNumber = readsBegun
    const found = await read(id)
    const snapshot = found && { ...found, readNumber }
    watchers.notify(id, snapshot, readNumber)
    return snapshot
  }

  const cancelRetry = (id: string): void => {
    retries.get(id)?.()
    retries.delete(id)
  }

  // A failed load is retried: the settling of a run is often the last change of its asset, so no later change would notify the
  // listeners.
  const loadForWatchers = (id: string): void => {
    cancelRetry(id)
    if (!watchers.isStale(id)) return
    load(id).catch((error: unknown) => {
      onLoadError?.(error, id)
      cancelRetry(id)
      if (!watchers.isStale(id)) return
      retries.set(
        id,
        startTimer(RETRY_LOAD_MS, () => loadForWatchers(id)),
      )
    })
  }

  const invalidate = (id: string): void => {
    cache?.delete(id)
    loads.delete(id)
    if (watchers.markStale(id, readsBegun)) loadForWatchers(id)
  }

  return {
    peek: (id) => cache?.get(id),

    async find(id) {
      return isShared() ? readFresh(id) : (cache?.get(id) ?? load(id))
    },

    invalidate,

    invalidateAll() {
      cache?.clear()
      loads.clear()
      for (const id of watchers.watched()) invalidate(id)
    },

    refresh() {
      for (const id of watchers.watched()) if (!loads.has(id)) invalidate(id)
    },

    watch(id, listener) {
      const unwatch = watchers.add(id, listener)
      return () => {
        unwatch()
        if (!watchers.isStale(id)) cancelRetry(id)
      }
    },

    listenerCount: () => watchers.count(),

    close() {
      for (const id of retries.keys()) cancelRetry(id)
      watchers.close()
    },
  }
}

const RETRY_LOAD_MS = 1000

/** Runs `task` once after `ms` milliseconds. The returned function cancels it. */
export type StartTimer = (ms: number, task: () => void) => () => void

/** A pending timer does not keep the process running: nothing that waits for one is needed after the service stops. */
export const startSystemTimer: StartTimer = (ms, task) => {
  const timer = setTimeout(task, ms).unref()
  return () => clearTimeout(timer)
}
