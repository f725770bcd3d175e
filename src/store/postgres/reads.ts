import type { Pool, Session } from './pool.ts'
import { isDisconnected, isQueryTimeout, storeError } from './store-error.ts'

type RunRead = <T>(work: (session: Session) => Promise<T>) => Promise<T>

/** The limits of a write, so that a slow statement affects only its caller. */
const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = '4s';
  SET LOCAL lock_timeout = '2s'; SET LOCAL idle_in_transaction_session_timeout = '5s'`

/** How long status reads have limits after a read has timed out. */
const CAREFUL_FOR_MS = 60_000

/** Reads on the connections of a pool. Both reject with `store_unavailable` if the server or the connection fails. */
export function createReads(pool: Pool): { read: RunRead; readStatus: RunRead } {
  /** Until this time, status reads have limits, too, because a read that timed out may have waited for a lock. */
  let carefulUntil = 0
  const attempt: RunRead = async (work) => {
    try {
      return await pool.use(work).catch((error: unknown) => {
        if (isQueryTimeout(error)) carefulUntil = performance.now() + CAREFUL_FOR_MS
        // A connection that broke while it was idle reports it only now.
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
    // A status read with limits costs half as much again. It reads a few rows by key, so only a lock can delay it.
    readStatus: (work) => (performance.now() < carefulUntil ? read(work) : attempt(work)),
  }
}

/** In a transaction, because PgBouncer shares session settings. Its BEGIN and COMMIT are not awaited. */
async function withLimits<T>(session: Session, work: (session: Session) => Promise<T>): Promise<T> {
  // If one of them fails, everything sent after it fails, too.
  session.execute(BEGIN).catch(() => {})
  const result = await work(session)
  session.execute('COMMIT').catch(() => {})
  return result
}
