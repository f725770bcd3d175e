import pg from 'pg'
import { TrackerError } from '../../domain/errors.ts'
import { unavailable } from '../store-errors.ts'

/** Classes of https://www.postgresql.org/docs/current/errcodes-appendix.html: the connection, resources, the operator, the disk, the files. */
const REFUSAL = /^(08|53|57|58|XX|25P03$|25006$|40|55P03$)/

/** A conflict with other transactions, which may succeed when repeated: serialization, deadlock, a lock, a row that exists already, no partition. */
const CONFLICT = /^(40001|40P01|55P03|23505|23514)$/

/** What PostgreSQL says of an error; undefined where the error did not come from it. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined
}

/** No check of ours is in the schema. */
export function isPartitionMissing(error: unknown): boolean {
  return codeOf(error) === '23514'
}

export function isConflict(error: unknown): boolean {
  return CONFLICT.test(codeOf(error) ?? '')
}

export function isTimedOut(error: unknown): boolean {
  return codeOf(error) === '57014'
}

/**
 * The connection failed or could not be made, so what the server did is not known; or it is of no use any more: it leads to a server
 * that only reads, or its statements were prepared for tables that have been altered (0A000).
 */
export function isDisconnected(error: unknown): boolean {
  if (error instanceof TrackerError || !(error instanceof Error) || isPoolBusy(error)) return false
  const code = codeOf(error)
  // The pool's and the client's own errors have no code at all, or that of the system.
  return code === undefined ? isOfConnection(error) : /^(08|57P0|25P03|25006|0A000)/.test(code)
}

/** No answer came in time. The error is the client's own, which has no code. */
export function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout'
}

/** No connection of the pool became free in time. That says nothing about the server. */
export function isPoolBusy(error: unknown): boolean {
  return error instanceof Error && error.message === POOL_BUSY
}

/** The error to reject with: `store_unavailable` where PostgreSQL or what is under it refused, else the error itself. */
export function storeError(error: unknown): unknown {
  const isRefusal = isDisconnected(error) || isPoolBusy(error) || REFUSAL.test(codeOf(error) ?? '')
  return isRefusal ? unavailable(error) : error
}

const POOL_BUSY = 'timeout exceeded when trying to connect'

const MESSAGES =
  /^(Connection terminated|Client has encountered a connection error|Query read timeout|Cannot use a pool after calling end|Client was closed|the server is a standby)/

function isOfConnection(error: Error): boolean {
  if (error instanceof AggregateError)
    return error.errors.every((each) => each instanceof Error && isOfConnection(each))
  const code = 'code' in error ? String(error.code) : ''
  return MESSAGES.test(error.message) || /^E[A-Z]+(_[A-Z]+)*$/.test(code) || isOfTls(error)
}

/** The server's certificate is not accepted, or there is no TLS. */
export function isOfTls(error: Error): boolean {
  const code = 'code' in error ? String(error.code) : ''
  const isRefused = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_)/.test(code)
  return isRefused || error.message.startsWith('The server does not support SSL')
}
