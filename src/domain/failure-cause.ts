import type { Json } from './json.ts'

/** The cause of a failure that told none. */
export const UNTOLD_CAUSE = 'no cause told'

/** Where an extension has failed for so many causes already, a new one is `OTHER_CAUSE`: what is grouped must stay few. */
export const MAX_CAUSES = 100

export const OTHER_CAUSE = 'other'

const MAX_CAUSE_LENGTH = 120

/**
 * What failures of one kind have in common: the `reason` or `code` of ImageKit's error where it is a word, else its message
 * without what differs from file to file (addresses, quoted names, ids, numbers). None of the shapes is documented.
 */
export function causeOf(error: Json | null): string {
  if (typeof error === 'string') return phraseOf(error)
  if (error === null || typeof error !== 'object' || Array.isArray(error)) return UNTOLD_CAUSE
  const word = [error['reason'], error['code']].find((value) => typeof value === 'string' && isWord(value))
  if (typeof word === 'string') return word
  const { message, reason } = error
  const text = [message, reason].find((value) => typeof value === 'string')
  return typeof text === 'string' ? phraseOf(text) : UNTOLD_CAUSE
}

function isWord(text: string): boolean {
  return /^[\w.-]{1,64}$/.test(text)
}

function phraseOf(message: string): string {
  const phrase = message
    // What is longer says nothing more of the cause, and an error may be 16 KiB.
    .slice(0, 1_000)
    .replace(/https?:\/\/\S+/g, '…')
    .replace(/"[^"]*"|`[^`]*`|(?<!\w)'[^']*'(?!\w)/g, '…')
    .replace(/\S*\d\S*/g, (token) => (/^\(?\d{1,3}[).,:;!?]*$/.test(token) ? token : '…'))
    .replace(/\s+/g, ' ')
    .trim()
  const characters = Array.from(phrase)
  if (characters.length === 0) return UNTOLD_CAUSE
  return characters.length <= MAX_CAUSE_LENGTH
    ? phrase
    : `${characters.slice(0, MAX_CAUSE_LENGTH - 1).join('')}…`
}
