import type { StatusSnapshot } from './status-snapshot.ts'

/** `forgotten`: nothing is known of the asset any more. `closing`: the service stops; nothing else will be told. */
type StatusNews = { what: 'changed'; snapshot: StatusSnapshot } | { what: 'forgotten' } | { what: 'closing' }

/** Must not throw: its neighbours are told after it. */
export type StatusListener = (news: StatusNews) => void

type Watched = {
  listeners: Set<StatusListener>
  /** The asset changed, and the listeners were not told yet. */
  isOwed: boolean
  publishedEtag: string | undefined
}

/** Who watches which asset, and what they are owed. One asset's news cost the listeners of the others nothing. */
export type StatusWatchers = {
  add(fileId: string, listener: StatusListener): () => void
  /** Notes that the listeners must be told of a change; false where there are none. */
  owe(fileId: string): boolean
  /** The same for every asset that is watched; returns them. */
  oweAll(): string[]
  isOwed(fileId: string): boolean
  /** Pays what is owed, if anything is: the same news to all, unless they were told the same before. */
  publish(fileId: string, snapshot: StatusSnapshot | undefined): void
  count(): number
  close(): void
}

export function createStatusWatchers(): StatusWatchers {
  const assets = new Map<string, Watched>()
  let count = 0
  let isClosed = false

  return {
    add(fileId, listener) {
      if (isClosed) {
        queueMicrotask(() => listener({ what: 'closing' }))
        return () => {}
      }
      const watched = assets.get(fileId) ?? { listeners: new Set(), isOwed: false, publishedEtag: undefined }
      assets.set(fileId, watched)
      watched.listeners.add(listener)
      count += 1
      return () => {
        if (!watched.listeners.delete(listener)) return
        count -= 1
        if (watched.listeners.size === 0) assets.delete(fileId)
      }
    },

    owe(fileId) {
      const watched = assets.get(fileId)
      if (watched === undefined) return false
      watched.isOwed = true
      return true
    },

    oweAll() {
      for (const watched of assets.values()) watched.isOwed = true
      return [...assets.keys()]
    },

    isOwed: (fileId) => assets.get(fileId)?.isOwed ?? false,

    publish(fileId, snapshot) {
      const watched = assets.get(fileId)
      if (watched === undefined || !watched.isOwed) return
      watched.isOwed = false
      if (snapshot !== undefined && snapshot.etag === watched.publishedEtag) return
      watched.publishedEtag = snapshot?.etag
      const news: StatusNews = snapshot === undefined ? { what: 'forgotten' } : { what: 'changed', snapshot }
      for (const listener of watched.listeners) listener(news)
    },

    count: () => count,

    close() {
      isClosed = true
      const everybody = [...assets.values()].flatMap((watched) => [...watched.listeners])
      for (const listener of everybody) listener({ what: 'closing' })
    },
  }
}
