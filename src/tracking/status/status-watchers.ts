import type { ReadSnapshot } from './status-snapshot.ts'

/** `forgotten`: the asset is no longer known. `closing`: the service stops; no more events follow. */
type StatusEvent = { kind: 'changed'; snapshot: ReadSnapshot } | { kind: 'forgotten' } | { kind: 'closing' }

/** Must not throw, because the other listeners are notified after it. */
export type StatusListener = (event: StatusEvent) => void

type WatchedAsset = {
  listeners: Set<StatusListener>
  /** The number of reads that had begun when the asset may have changed; undefined while the listeners' status is up to date. */
  staleSince: number | undefined
  /** The version that the listeners were last notified of; undefined before, and after the asset was forgotten. */
  notifiedVersion: string | undefined
  /** The number of the latest read that they were notified of, or that returned the same version again. */
  notifiedRead: number | undefined
}

/**
 * The listeners of each asset (or submission), and whether their status is stale. A change of one asset costs the listeners of
 * others nothing.
 */
export type StatusWatchers = {
  /** Returns a function that removes the listener. */
  add(id: string, listener: StatusListener): () => void
  /** Marks the listeners' status as stale, after `readsBegun` reads had begun. Returns false if there are no listeners. */
  markStale(id: string, readsBegun: number): boolean
  /** The ids of the assets that have listeners. */
  watched(): string[]
  isStale(id: string): boolean
  /**
   * Notifies the listeners of this snapshot if their status is stale, or if their last notification came from an earlier read, unless
   * they were last notified of the same version. An undefined snapshot means that the asset was forgotten. `readNumber` is the number
   * of the read that returned the snapshot: a read that began before the change is ignored, because it may not include the change.
   */
  notify(id: string, snapshot: ReadSnapshot | undefined, readNumber: number): void
  /** The number of listeners of all assets. */
  count(): number
  /** Notifies all listeners, present and future, that the service stops. */
  close(): void
}

export function createStatusWatchers(): StatusWatchers {
  const assets = new Map<string, WatchedAsset>()
  let count = 0
  let isClosed = false

  return {
    add(id, listener) {
      if (isClosed) {
        queueMicrotask(() => listener({ kind: 'closing' }))
        return () => {}
      }
      const watched = assets.get(id) ?? {
        listeners: new Set(),
        staleSince: undefined,
        notifiedVersion: undefined,
        notifiedRead: undefined,
      }
      assets.set(id, watched)
      watched.listeners.add(listener)
      count += 1
      return () => {
        if (!watched.listeners.delete(listener)) return
        count -= 1
        if (watched.listeners.size === 0) assets.delete(id)
      }
    },

    markStale(id, readsBegun) {
      const watched = assets.get(id)
      if (watched === undefined) return false
      watched.staleSince = readsBegun
      return true
    },

    watched: () => [...assets.keys()],

    isStale: (id) => assets.get(id)?.staleSince !== undefined,

    notify(id, snapshot, readNumber) {
      const watched = assets.get(id)
      if (watched === undefined) return
      const { staleSince, notifiedRead = Number.POSITIVE_INFINITY } = watched
      if (readNumber <= (staleSince ?? notifiedRead)) return
      watched.staleSince = undefined
      watched.notifiedRead = readNumber
      if (snapshot !== undefined && snapshot.version === watched.notifiedVersion) return
      watched.notifiedVersion = snapshot?.version
      const event: StatusEvent =
        snapshot === undefined ? { kind: 'forgotten' } : { kind: 'changed', snapshot }
      for (const listener of watched.listeners) listener(event)
    },

    count: () => count,

    close() {
      isClosed = true
      const listeners = [...assets.values()].flatMap((watched) => [...watched.listeners])
      for (const listener of listeners) listener({ kind: 'closing' })
    },
  }
}
