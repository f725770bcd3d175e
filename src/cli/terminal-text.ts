import stringWidth from 'string-width'
import type { CommandContext } from './command-context.ts'

/**
 * Control, bidirectional and invisible characters, line separators and lone surrogates. Names and errors are untrusted: they could
 * contain escape sequences for the terminal, or reverse the reading direction. Joiners, which Persian and emoji need, and emoji
 * variation selectors are allowed.
 */
const UNSAFE =
  /(?!\u200c|\u200d|\ufe0e|\ufe0f)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/** Makes untrusted text safe to print on a terminal: on one line, with unsafe characters as `\u{…}`. */
export function escapeForTerminal(text: string): string {
  return text
    .replace(/[\t\r\n]+/g, ' ')
    .replace(UNSAFE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}

/** Like `JSON.stringify`, on one line, with unsafe characters escaped so that the JSON has the same meaning. */
export function stringifyForTerminal(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

const segmenter = new Intl.Segmenter()

/** Truncates a text to `width` columns. A truncated text ends in `…`. */
export function truncateTo(text: string, width: number): string {
  if (stringWidth(text) <= width) return text
  let truncated = ''
  // The ellipsis takes one column.
  let used = 1
  for (const { segment } of segmenter.segment(text)) {
    used += stringWidth(segment)
    if (used > width) break
    truncated += segment
  }
  return `${truncated}…`
}

export function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)))
}

/** Returns `text` (default: the status) in the status's colour if the output is a terminal and `NO_COLOR` is not set. */
export type Paint = (status: string, text?: string) => string

export function createPaint({ env, stdout }: Pick<CommandContext, 'env' | 'stdout'>): Paint {
  const isColoured = stdout.isTTY === true && !env['NO_COLOR']
  return (status, text = status) => {
    const colour = COLOURS.get(status)
    return isColoured && colour !== undefined ? `\u001b[${colour}m${text}\u001b[39m` : text
  }
}

/** The ANSI code of each status's colour. */
const COLOURS = new Map([
  ['success', 32], // green
  ['failed', 31], // red
  ['expired', 33], // yellow
  ['pending', 36], // cyan
])
