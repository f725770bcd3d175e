import type { Json } from './json.ts'

/** The cause of a failure that ImageKit gives no reason for. */
export const NO_CAUSE = 'No reason given'

/** This many causes of an extension are shown, the most frequent ones; all others become `OTHER_CAUSE`. */
const MAX_CAUSES = 100

export const OTHER_CAUSE = 'other'

type CountedCause = { extension: string; cause: string; count: number }

/** The causes of one extension, or of all, that are shown under their own name. */
export function shownCauses(counted: readonly CountedCause[], extension: string | null): string[] {
  const counts = new Map<string, Map<string, number>>()
  for (const { extension: name, cause, count } of counted) {
    if (cause === '' || cause === OTHER_CAUSE || (extension !== null && name !== extension)) continue
    const ofExtension = counts.get(name) ?? new Map<string, number>()
    counts.set(name, ofExtension)
    ofExtension.set(cause, (ofExtension.get(cause) ?? 0) + count)
  }
  const shown = [...counts.values()].flatMap((ofExtension) =>
    [...ofExtension]
      .toSorted(([one, count], [other, otherCount]) => otherCount - count || (one < other ? -1 : 1))
      .slice(0, MAX_CAUSES),
  )
  return [...new Set(shown.map(([cause]) => cause))]
}

/** Replaces each cause that is not shown with `OTHER_CAUSE`, without adding up the counts. */
export function boundCauses<T extends CountedCause>(counted: readonly T[]): T[] {
  const shown = new Map<string, Set<string>>()
  const shownOf = (extension: string) => {
    const known = shown.get(extension) ?? new Set(shownCauses(counted, extension))
    shown.set(extension, known)
    return known
  }
  return counted.map((one) =>
    one.cause === '' || shownOf(one.extension).has(one.cause) ? one : { ...one, cause: OTHER_CAUSE },
  )
}

const MAX_CAUSE_LENGTH = 120

/**
 * What failures of one kind have in common: the `reason` or `code` of ImageKit's error if it looks like a code, else its
 * message without the parts that differ between files (URLs, quoted names, ids, numbers). None of these shapes is documented.
 */
export function causeOf(error: Json | null): string {
  if (typeof error === 'string') return phraseOf(error)
  if (error === null || typeof error !== 'object' || Array.isArray(error)) return NO_CAUSE
  const code = [error['reason'], error['code']].find((value) => typeof value === 'string' && isCode(value))
  if (typeof code === 'string') return code
  const { message, reason } = error
  const text = [message, reason].find((value) => typeof value === 'string')
  return typeof text === 'string' ? phraseOf(text) : NO_CAUSE
}

function isCode(text: string): boolean {
  return /^[\w.-]{1,64}$/.test(text)
}

function phraseOf(message: string): string {
  const phrase = message
    // Longer text does not add to the cause, and an error may be 16 KiB.
    .slice(0, 1_000)
    // A lone surrogate is not valid text: databases store it as another character.
    .replace(/\p{Surrogate}/gu, '\uFFFD')
    .replaceAll('\0', '\uFFFD')
    .replace(/https?:\/\/\S+/g, '…')
    .replace(/"[^"]*"|`[^`]*`|(?<!\w)'[^']*'(?!\w)/g, '…')
    .replace(/\S*\d\S*/g, (token) => (/^\(?\d{1,3}[).,:;!?]*$/.test(token) ? token : '…'))
    .replace(/\s+/g, ' ')
    .trim()
  const characters = Array.from(phrase)
  if (characters.length === 0) return NO_CAUSE
  return characters.length <= MAX_CAUSE_LENGTH
    ? phrase
    : `${characters.slice(0, MAX_CAUSE_LENGTH - 1).join('')}…`
}
