import { destination, type Logger, pino } from 'pino'

/** JSON lines on standard output. */
export function createLog(level: string): Logger {
  return pino({ level }, output())
}

let lines: { write(line: string): void } | undefined

/** What is logged in one turn of the event loop is written with one call: a call for each delivery cost 4 µs of its 100. */
function output(): { write(line: string): void } {
  lines ??= gatherLines(destination({ sync: true }))
  return lines
}

/** What is gathered when the process exits is written then. */
export function gatherLines(out: { write(text: string): void }): { write(line: string): void } {
  let gathered = ''
  const write = (): void => {
    const text = gathered
    gathered = ''
    if (text !== '') out.write(escapeUnsafe(text))
  }
  process.once('exit', write)
  return {
    write(line) {
      if (gathered === '') setImmediate(write)
      gathered += line
    },
  }
}

/** Control, bidirectional, invisible and line-separating characters: names from outside may hold them, and terminals obey. */
const UNSAFE =
  /[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udfff]/g

/** In lines of JSON these can only be inside strings, where an escape means the same. JSON has escaped C0 already. */
function escapeUnsafe(text: string): string {
  // Almost all of it is ASCII, which is seen ten times as fast so.
  if (Buffer.byteLength(text) === text.length && !text.includes('\x7f')) return text
  return text.replace(UNSAFE, (found) =>
    found.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
}
