import { destination, type Logger, pino } from 'pino'
import { readableLines } from './readable-log.ts'

let output: { write(line: string): void } | undefined

/** The methods of a pino logger that the service calls. */
export type ServiceLogger = Pick<Logger, 'info' | 'warn' | 'error'>

/**
 * Creates a logger that writes to standard output: JSON lines, or lines for people if that is a terminal. `mixin` returns fields to
 * add to each line.
 */
export function createLog(level: string, mixin?: () => object): Logger {
  output ??= openOutput()
  return pino({ level, ...(mixin && { mixin }) }, output)
}

function openOutput(): { write(line: string): void } {
  const escaped = escapeLines(destination({ sync: true }))
  const { stdout } = process
  // Node.js itself reads NO_COLOR.
  return stdout.isTTY ? readableLines(escaped, { hasColours: stdout.hasColors() }) : escaped
}

/** Escapes the characters of a log line that a terminal interprets, and writes the line. */
export function escapeLines(out: { write(text: string): void }): { write(line: string): void } {
  return { write: (line) => out.write(escapeUnsafe(line)) }
}

/** Control, bidirectional, invisible and line-separating characters, which untrusted names may contain and terminals interpret. */
const UNSAFE =
  /[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udfff]/g

/**
 * In JSON lines these characters occur only in strings, where an escape has the same meaning. `JSON.stringify` has already escaped
 * the control characters below U+0020.
 */
function escapeUnsafe(text: string): string {
  // Almost all lines are ASCII, and this check is ten times as fast as the replacement.
  if (Buffer.byteLength(text) === text.length && !text.includes('\x7f')) return text
  return text.replace(UNSAFE, (match) =>
    match.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
}
