/**
 * Characters that are invisible or reorder the text around them: control and format characters (including bidirectional
 * controls), line and paragraph separators, lone surrogates. The zero-width joiner and non-joiner are excluded, because some
 * scripts and emoji need them. `INVISIBLE` excludes tabs and line breaks, too.
 */
const INVISIBLE = /(?!\u200c|\u200d|[\t\r\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const INVISIBLE_IN_LINE = /(?!\u200c|\u200d)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

export type TextPart = { text: string; isMark: boolean }

/** Replaces each invisible character by a mark with its code point. In a single line, tabs and line breaks are marked too. */
export function markInvisibleCharacters(text: string, isSingleLine: boolean): TextPart[] {
  const parts: TextPart[] = []
  let end = 0
  for (const match of text.matchAll(isSingleLine ? INVISIBLE_IN_LINE : INVISIBLE)) {
    if (match.index > end) parts.push({ text: text.slice(end, match.index), isMark: false })
    parts.push({ text: markOf(match[0]), isMark: true })
    end = match.index + match[0].length
  }
  if (end < text.length) parts.push({ text: text.slice(end), isMark: false })
  return parts
}

/** The text with each mark in square brackets, for titles and labels, which can't contain elements. */
export function visibleText(text: string): string {
  return markInvisibleCharacters(text, true)
    .map((part) => (part.isMark ? `[${part.text}]` : part.text))
    .join('')
}

function markOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
