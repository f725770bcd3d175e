import type { Store, StoreLifecycle } from '../../store/store.ts'

type EndedSession = { sessionId: string; endsAt: number }

/**
 * The sessions that were signed out before their time was over: in memory, because each page asks for them, and in the store,
 * so that a restart does not bring them back.
 */
export type EndedSessions = {
  has(sessionId: string): boolean
  /** Rejects if it could not be stored: then the session is ended until a restart. */
  add(session: EndedSession): Promise<void>
  /** Reads what earlier processes stored; before the first page. */
  load(from: Pick<Store, 'listEndedSessions'>): Promise<void>
  /**
   * Call it before each page: reads what other processes have stored, at most once a second. Rejects if that can't be read. Then
   * nobody is let in, and nobody is signed out: the page is answered 503.
   */
  refresh(): Promise<void>
}

const FRESH_MS = 1000

export function createEndedSessions({
  store,
  clock,
  uptimeMs,
}: {
  store: Pick<Store, 'endSession' | 'listEndedSessions'> & Pick<StoreLifecycle, 'isShared'>
  clock: () => number
  uptimeMs: () => number
}): EndedSessions {
  const ended = new Map<string, number>()
  let latest: { startedAt: number; isLoaded: Promise<void> } | undefined
  const load = async (from: Pick<Store, 'listEndedSessions'>): Promise<void> => {
    for (const { sessionId, endsAt } of await from.listEndedSessions()) ended.set(sessionId, endsAt)
  }
  return {
    has: (sessionId) => ended.has(sessionId),
    async add({ sessionId, endsAt }) {
      const now = clock()
      for (const [id, at] of ended) if (at <= now - DAY_MS) ended.delete(id)
      ended.set(sessionId, endsAt)
      await store.endSession({ sessionId, endsAt }, now)
    },
    load,
    async refresh() {
      if (!store.isShared) return
      const now = uptimeMs()
      if (latest === undefined || now - latest.startedAt >= FRESH_MS)
        latest = { startedAt: now, isLoaded: load(store) }
      await latest.isLoaded
    },
  }
}

/** The clock may be set back, and a session that was over be valid again. */
const DAY_MS = 86_400_000
