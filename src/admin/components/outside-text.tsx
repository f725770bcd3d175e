import { visiblePieces } from '../visible-text.ts'

/** Text that comes from outside: it can't turn round what stands beside it, and nothing of it is unseen. */
export function OutsideText({ text, isBlock = false }: { text: string; isBlock?: boolean }) {
  return (
    <bdi>
      {visiblePieces(text, !isBlock).map((piece) =>
        piece.isMark ? <span class="unseen">{piece.text}</span> : piece.text,
      )}
    </bdi>
  )
}
