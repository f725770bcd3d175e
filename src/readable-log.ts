import { pino } from 'pino'

type Line = {
  level: number
  time: number
  msg?: string
  pid: number
  hostname: string
  err?: unknown
  [field: string]: unknown
}

/** The ANSI code of each level's colour. */
const COLOURS = new Map([
  ['WARN', 33], // yellow
  ['ERROR', 31], // red
  ['FATAL', 31],
])
const DIM = 2

/**
 * Turns pino's JSON lines into lines for people: the local time, the level, the message, and the fields. The stack of an error
 * follows on lines of its own.
 */
export function readableLines(
  out: { write(text: string): void },
  { hasColours }: { hasColours: boolean },
): { write(line: string): void } {
  const paint = (code: number | undefined, text: string) =>
    hasColours && code !== undefined ? `\u001b[${code}m${text}\u001b[0m` : text
  return {
    write(line) {
      const { level, time, msg = '', pid: _, hostname: __, err, ...fields }: Line = JSON.parse(line)
      const name = (pino.levels.labels[level] ?? String(level)).toUpperCase()
      const { stack, rest } = splitError(err)
      const details = Object.entries({ ...fields, ...rest })
        .map(([field, value]) => `${paint(DIM, `${escapeControls(field)}=`)}${formatValue(value)}`)
        .join(' ')
      const head = `${new Date(time).toTimeString().slice(0, 8)} ${paint(COLOURS.get(name), name.padEnd(5))}`
      const trace = stack.map((each) => `    ${escapeControls(each)}\n`).join('')
      out.write(`${head} ${escapeControls(msg)}${details === '' ? '' : `  ${details}`}\n${trace}`)
    },
  }
}

/** The lines of an error's stack, which begins with its type and message, and everything else that is known about it. */
function splitError(err: unknown): { stack: string[]; rest: { err?: unknown } } {
  if (err === undefined) return { stack: [], rest: {} }
  if (typeof err !== 'object' || err === null || !('stack' in err)) return { stack: [], rest: { err } }
  const { stack, type: _, message: __, ...more }: { [name: string]: unknown } = { ...err }
  return { stack: String(stack).split('\n'), rest: Object.keys(more).length > 0 ? { err: more } : {} }
}

/** Text is quoted only if it could be mistaken for something else. */
function formatValue(value: unknown): string {
  return typeof value === 'string' && /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value)
}

/** Values may come from callers, and a terminal interprets control characters. */
function escapeControls(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1))
}
