/**
 * Characters that show nothing, or turn round what stands beside them: control and format characters, the embeddings of
 * bidirectional text among them, separators, lone surrogates. Joiners are left: scripts and emoji need them.
 */
const UNSEEN = /(?!\u200c|\u200d|[\t\r\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const UNSEEN_IN_LINE = /(?!\u200c|\u200d)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

export type Piece = { text: string; isMark: boolean }

/** The text in pieces, each unseen character as a mark with its number. In a single line tabs and line ends are unseen, too. */
export function visiblePieces(text: string, isSingleLine: boolean): Piece[] {
  const pieces: Piece[] = []
  let end = 0
  for (const match of text.matchAll(isSingleLine ? UNSEEN_IN_LINE : UNSEEN)) {
    if (match.index > end) pieces.push({ text: text.slice(end, match.index), isMark: false })
    pieces.push({ text: markOf(match[0]), isMark: true })
    end = match.index + match[0].length
  }
  if (end < text.length) pieces.push({ text: text.slice(end), isMark: false })
  return pieces
}

/** The same as one text, for titles and labels. */
export function visibleText(text: string): string {
  return visiblePieces(text, true)
    .map((piece) => (piece.isMark ? `[${piece.text}]` : piece.text))
    .join('')
}

function markOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
