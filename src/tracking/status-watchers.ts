import type { StatusSnapshot } from './status-snapshot.ts'

/** `forgotten`: nothing is known of the asset any more. `closing`: the service stops; nothing else will be told. */
type StatusNews = { what: 'changed'; snapshot: StatusSnapshot } | { what: 'forgotten' } | { what: 'closing' }

/** Must not throw: its neighbours are told after it. */
export type StatusListener = (news: StatusNews) => void

type Watched = {
  listeners: Set<StatusListener>
  /** The asset changed when so many reads had begun, and the listeners were not told yet. */
  owedSince: number | undefined
  publishedEtag: string | undefined
}

/** Who watches which asset, and what they are owed. One asset's news cost the listeners of the others nothing. */
export type StatusWatchers = {
  add(fileId: string, listener: StatusListener): () => void
  /** Notes that the listeners must be told of a change, after so many `reads` had begun; false where there are none. */
  owe(fileId: string, reads: number): boolean
  watched(): string[]
  isOwed(fileId: string): boolean
  /**
   * Pays what is owed, if anything is: the same news to all, unless they were told the same before. `read` is the number of the
   * read that has found it: one that had begun before the change may not have seen it.
   */
  publish(fileId: string, snapshot: StatusSnapshot | undefined, read: number): void
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
      const watched = assets.get(fileId) ?? {
        listeners: new Set(),
        owedSince: undefined,
        publishedEtag: undefined,
      }
      assets.set(fileId, watched)
      watched.listeners.add(listener)
      count += 1
      return () => {
        if (!watched.listeners.delete(listener)) return
        count -= 1
        if (watched.listeners.size === 0) assets.delete(fileId)
      }
    },

    owe(fileId, reads) {
      const watched = assets.get(fileId)
      if (watched === undefined) return false
      watched.owedSince = reads
      return true
    },

    watched: () => [...assets.keys()],

    isOwed: (fileId) => assets.get(fileId)?.owedSince !== undefined,

    publish(fileId, snapshot, read) {
      const watched = assets.get(fileId)
      if (watched?.owedSince === undefined || read <= watched.owedSince) return
      watched.owedSince = undefined
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
