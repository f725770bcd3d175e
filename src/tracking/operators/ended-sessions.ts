import type { Store, StoreLifecycle } from '../../store/store.ts'

type EndedSession = { sessionId: string; endsAt: number }

/**
 * The sessions that were signed out before they expired. They are in memory, because each page checks them, and in the store, so
 * that they stay signed out after a restart.
 */
export type EndedSessions = {
  has(sessionId: string): boolean
  /** Rejects if the session could not be stored: then it is ended only in this process, until a restart. */
  add(session: EndedSession): Promise<void>
  /** Reads what earlier processes stored. Call it before the first page. */
  load(from: Pick<Store, 'listEndedSessions'>): Promise<void>
  /**
   * Reads what other processes have stored, at most once a second; does nothing if no others share the database. Call it before
   * each page. Rejects if the store can't be read: then show no page, but don't sign the operator out.
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
  let latestLoad: { startedAt: number; result: Promise<void> } | undefined
  const load = async (from: Pick<Store, 'listEndedSessions'>): Promise<void> => {
    for (const { sessionId, endsAt } of await from.listEndedSessions()) ended.set(sessionId, endsAt)
  }
  return {
    has: (sessionId) => ended.has(sessionId),
    async add({ sessionId, endsAt }) {
      const now = clock()
      for (const [id, at] of ended) if (at <= now - KEPT_AFTER_EXPIRY_MS) ended.delete(id)
      ended.set(sessionId, endsAt)
      await store.endSession({ sessionId, endsAt }, now)
    },
    load,
    async refresh() {
      if (!store.isShared) return
      const now = uptimeMs()
      if (latestLoad === undefined || now - latestLoad.startedAt >= FRESH_MS)
        latestLoad = { startedAt: now, result: load(store) }
      await latestLoad.result
    },
  }
}

/** Ended sessions are kept for a day after they expired. The clock may be set back, which would make a forgotten one valid again. */
const KEPT_AFTER_EXPIRY_MS = 86_400_000
