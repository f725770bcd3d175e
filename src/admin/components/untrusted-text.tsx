import { markInvisibleCharacters } from '../mark-invisible-characters.ts'

/** Text from outside the service. It cannot reorder the text around it, and its invisible characters are marked. */
export function UntrustedText({ text, isBlock = false }: { text: string; isBlock?: boolean }) {
  return (
    <bdi>
      {markInvisibleCharacters(text, !isBlock).map((part) =>
        part.isMark ? <span class="invisible-character">{part.text}</span> : part.text,
      )}
    </bdi>
  )
}
