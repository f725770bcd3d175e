import { isJsonObject, type Json } from '../../domain/json.ts'
import { markInvisibleCharacters } from '../mark-invisible-characters.ts'

/**
 * Text from outside the service. It cannot reorder the text around it, and its invisible characters are marked; tabs and line breaks
 * are not marked if `isBlock`.
 */
export function UntrustedText({ text, isBlock = false }: { text: string; isBlock?: boolean }) {
  return (
    <bdi>
      {markInvisibleCharacters(text, !isBlock).map((part) =>
        part.isMark ? <span class="invisible-character">{part.text}</span> : part.text,
      )}
    </bdi>
  )
}

const MAX_ERROR_LENGTH = 160

/**
 * The message or reason of an error from ImageKit, truncated if it is long. ImageKit documents no format for errors: one that is a
 * string is shown as is, and any other without a message or reason as JSON.
 */
export function ImagekitError({ error }: { error: Json }) {
  const message = isJsonObject(error) ? (error['message'] ?? error['reason'] ?? error) : error
  const text = typeof message === 'string' ? message : JSON.stringify(message)
  const isLong = text.length > MAX_ERROR_LENGTH
  return <UntrustedText text={isLong ? `${text.slice(0, MAX_ERROR_LENGTH - 1)}…` : text} />
}
