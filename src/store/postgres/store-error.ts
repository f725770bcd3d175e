import pg from 'pg'
import { storeUnavailable, TrackerError } from '../../domain/errors.ts'

/**
 * The codes that mean `store_unavailable`, from https://www.postgresql.org/docs/current/errcodes-appendix.html: connection (08),
 * resources (53), a shutdown or a statement timeout (57), disk and files (58), internal errors such as a damaged page (XX), idling
 * too long inside a transaction (25P03), a read-only server (25006), a rollback because of a conflict (40), a lock that was not
 * free in time (55P03).
 */
const UNAVAILABLE = /^(08|53|57|58|XX|25P03$|25006$|40|55P03$)/

/**
 * Failures after which the transaction may succeed when it is repeated: serialization (40001), deadlock (40P01), a lock that was
 * not free in time (55P03), an existing row (23505), a missing partition (23514).
 */
const CONFLICT = /^(40001|40P01|55P03|23505|23514)$/

/** PostgreSQL's code of an error; undefined if the error is not from PostgreSQL. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined
}

/** A check violation (23514) can only be a missing partition: the schema has no other checks. */
export function isPartitionMissing(error: unknown): boolean {
  return codeOf(error) === '23514'
}

export function isConflict(error: unknown): boolean {
  return CONFLICT.test(codeOf(error) ?? '')
}

/** The server ended the statement (57014), usually because of `statement_timeout`. */
export function isTimedOut(error: unknown): boolean {
  return codeOf(error) === '57014'
}

/**
 * The connection could not be made; or it broke or gave no response in time, so it is unknown what the server did; or it is no longer
 * usable, because it leads to a read-only server (25006), or its statements were prepared for tables that have been altered since
 * (0A000).
 */
export function isDisconnected(error: unknown): boolean {
  if (error instanceof TrackerError || !(error instanceof Error) || isPoolBusy(error)) return false
  const code = codeOf(error)
  // Errors of the pool, the client, TLS and the operating system have no code of PostgreSQL's.
  return code === undefined ? isConnectionError(error) : /^(08|57P0|25P03|25006|0A000)/.test(code)
}

/** A query timed out. The error is the client's own, which has no code. */
export function isQueryTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout'
}

/** No connection of the pool became free in time. The server may still work. */
export function isPoolBusy(error: unknown): boolean {
  return error instanceof Error && error.message === POOL_BUSY
}

/**
 * The error to reject with: `store_unavailable` if there is no usable connection, or for the codes `UNAVAILABLE`; else the error
 * itself.
 */
export function storeError(error: unknown): unknown {
  const isUnavailable = isDisconnected(error) || isPoolBusy(error) || UNAVAILABLE.test(codeOf(error) ?? '')
  return isUnavailable ? storeUnavailable(error) : error
}

const POOL_BUSY = 'timeout exceeded when trying to connect'

const CONNECTION_ERRORS =
  /^(Connection terminated|Client has encountered a connection error|Query read timeout|Cannot use a pool after calling end|Client was closed|the server is a standby)/

function isConnectionError(error: Error): boolean {
  if (error instanceof AggregateError)
    return error.errors.every((each) => each instanceof Error && isConnectionError(each))
  const code = 'code' in error ? String(error.code) : ''
  return CONNECTION_ERRORS.test(error.message) || /^E[A-Z]+(_[A-Z]+)*$/.test(code) || isTlsError(error)
}

/** TLS failed, for example because the server's certificate is invalid or the server does not support TLS. */
export function isTlsError(error: Error): boolean {
  const code = 'code' in error ? String(error.code) : ''
  const isRejected = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_)/.test(code)
  return isRejected || error.message.startsWith('The server does not support SSL')
}
