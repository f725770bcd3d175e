import { readFileSync } from 'node:fs'

const HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24

/**
 * Counts the transactions in the write-ahead log of the SQLite database at `path`. The last frame of each transaction contains the
 * size of the database, and every other frame contains 0 instead.
 * https://www.sqlite.org/fileformat2.html#the_write_ahead_log
 */
export function countCommits(path: string): number {
  const log = readFileSync(`${path}-wal`)
  const frameBytes = FRAME_HEADER_BYTES + log.readUInt32BE(8)
  const salts = log.subarray(16, 24)
  let commits = 0
  for (let offset = HEADER_BYTES; offset + frameBytes <= log.length; offset += frameBytes) {
    // Frames with other salts were written before the log was last restarted.
    const isOfThisLog = log.subarray(offset + 8, offset + 16).equals(salts)
    if (isOfThisLog && log.readUInt32BE(offset + 4) > 0) commits++
  }
  return commits
}
