import type { Pool, Session } from './pool.ts'
import { isDisconnected, isQueryTimeout, storeError } from './store-error.ts'

type RunRead = <T>(work: (session: Session) => Promise<T>) => Promise<T>

/**
 * Begins a read with the limits that writes have: the server then ends a slow statement before the client's own timeout passes. A
 * timeout of the client would count as an outage for all callers.
 */
const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = '4s';
  SET LOCAL lock_timeout = '2s'; SET LOCAL idle_in_transaction_session_timeout = '5s'`

/** How long status reads have limits after a read has timed out. */
const LIMITED_FOR_MS = 60_000

/** Reads on the connections of a pool. `read` and `readStatus` reject as `storeError` says. */
export function createReads(pool: Pool): { read: RunRead; readStatus: RunRead } {
  /** Until this time, status reads have limits, too, because a read that timed out may have waited for a lock. */
  let limitedUntil = 0
  const attempt: RunRead = async (work) => {
    try {
      return await pool.use(work).catch((error: unknown) => {
        if (isQueryTimeout(error)) limitedUntil = performance.now() + LIMITED_FOR_MS
        // An idle connection may have broken, which is only noticed when it is used: try once more.
        if (isDisconnected(error)) return pool.use(work)
        throw error
      })
    } catch (error) {
      throw storeError(error)
    }
  }
  const read: RunRead = (work) => attempt((session) => withLimits(session, work))
  return {
    read,
    // A status read with limits costs 50 % more. It reads a few rows by key, so only a lock can delay it.
    readStatus: (work) => (performance.now() < limitedUntil ? read(work) : attempt(work)),
  }
}

/**
 * Sets the limits for a transaction, not for the session, because PgBouncer passes sessions on to other clients. BEGIN and COMMIT
 * are not awaited.
 */
async function withLimits<T>(session: Session, work: (session: Session) => Promise<T>): Promise<T> {
  // If BEGIN fails, so does everything that `work` sends. A COMMIT that fails loses nothing, because `work` only reads.
  session.execute(BEGIN).catch(() => {})
  const result = await work(session)
  session.execute('COMMIT').catch(() => {})
  return result
}
