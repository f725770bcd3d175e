/**
 * Control, bidirectional and invisible characters. Names and errors are untrusted: they could contain escape sequences for the
 * terminal, or reverse the reading direction. Joiners, which Persian and emoji need, and emoji variation selectors are allowed.
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

/** Two columns wide: emoji and East Asian characters. */
const WIDE =
  /^(?:\p{Emoji_Presentation}|.+\ufe0f|[\p{sc=Hangul}\p{sc=Han}\p{sc=Hiragana}\p{sc=Yi}\p{sc=Bopomofo}\u3000-\u303e\u30a0-\u30ff\uff01-\uff60\uffe0-\uffe6])/u
const ALONE_INVISIBLE = /^[\p{Mn}\p{Me}\u200c\u200d]+$/u

const segmenter = new Intl.Segmenter()

/** How many columns of a terminal a text takes. */
export function widthOf(text: string): number {
  return [...segmenter.segment(text)].reduce((sum, { segment }) => sum + columnsOf(segment), 0)
}

/** Truncates a text to `width` columns. A truncated text ends in `…`. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let cut = ''
  let used = 1
  for (const { segment } of segmenter.segment(text)) {
    used += columnsOf(segment)
    if (used > width) break
    cut += segment
  }
  return `${cut}…`
}

export function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

function columnsOf(segment: string): number {
  if (ALONE_INVISIBLE.test(segment)) return 0
  return WIDE.test(segment) ? 2 : 1
}
