import type { Pool, Session } from './pool.ts'
import { isDisconnected, isSilence, storeError } from './store-error.ts'

type RunRead = <T>(work: (session: Session) => Promise<T>) => Promise<T>

/** As long as in a write, so that one slow statement is its caller's trouble and nobody else's. */
const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = '4s';
  SET LOCAL lock_timeout = '2s'; SET LOCAL idle_in_transaction_session_timeout = '5s'`

const CAREFUL_FOR_MS = 60_000

/** Reads on the connections of a pool. Both reject as the store does. */
export function createReads(pool: Pool): { read: RunRead; readStatus: RunRead } {
  /** Until then a status is read with limits, too: a read was not answered, and may have waited for a lock. */
  let carefulUntil = 0
  const attempt: RunRead = async (work) => {
    try {
      return await pool.use(work).catch((error: unknown) => {
        if (isSilence(error)) carefulUntil = performance.now() + CAREFUL_FOR_MS
        // A connection that broke while it was idle says so only now.
        if (isDisconnected(error)) return pool.use(work)
        throw error
      })
    } catch (error) {
      throw storeError(error)
    }
  }
  const read: RunRead = (work) => attempt((session) => limit(session, work))
  return {
    read,
    // Limits are half as much again as a single status costs. It is a few rows by their keys, so only a lock can delay it.
    readStatus: (work) => (performance.now() < carefulUntil ? read(work) : attempt(work)),
  }
}

/** In a transaction: behind PgBouncer, what is set for a session is set for others. Nobody waits for its BEGIN and COMMIT. */
async function limit<T>(session: Session, work: (session: Session) => Promise<T>): Promise<T> {
  // If one of them fails, so does what is sent behind it.
  session.execute(BEGIN).catch(() => {})
  const result = await work(session)
  session.execute('COMMIT').catch(() => {})
  return result
}
