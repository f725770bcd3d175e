import type { Connection } from './connection.ts'

/** https://www.sqlite.org/fileformat2.html#walformat */
const LOG_HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24

/**
 * The frames that SQLite counts in the write-ahead log, and those for which a log of `logBytes` has room. The first use of a
 * connection opens the log, which recovers it. Fails inside a transaction.
 */
export function countFrames(connection: Connection, logBytes: number) {
  // Copies nothing.
  const [{ log = 0 } = {}] = connection.pragma('wal_checkpoint(NOOP)') as { log?: number }[]
  const pageBytes = Number(connection.pragma('page_size', { simple: true }))
  const room = Math.floor((logBytes - LOG_HEADER_BYTES) / (pageBytes + FRAME_HEADER_BYTES))
  return { frames: Math.max(log, 0), framesInLog: Math.max(room, 0) }
}
