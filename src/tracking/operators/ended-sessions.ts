import type { Store } from '../../store/store.ts'

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
}

export function createEndedSessions({
  store,
  clock,
}: {
  store: Pick<Store, 'endSession'>
  clock: () => number
}): EndedSessions {
  const ended = new Map<string, number>()
  return {
    has: (sessionId) => ended.has(sessionId),
    async add({ sessionId, endsAt }) {
      const now = clock()
      for (const [id, at] of ended) if (at <= now - DAY_MS) ended.delete(id)
      ended.set(sessionId, endsAt)
      await store.endSession({ sessionId, endsAt }, now)
    },
    async load(from) {
      for (const { sessionId, endsAt } of await from.listEndedSessions()) ended.set(sessionId, endsAt)
    },
  }
}

/** The clock may be set back, and a session that was over be valid again. */
const DAY_MS = 86_400_000
