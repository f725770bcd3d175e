import type { Json } from './json.ts'

/** The cause of a failure if ImageKit gives no reason, or its error is truncated or of an unknown shape. */
export const NO_CAUSE = 'No reason given'

/** The maximum number of causes shown for each extension: the most frequent ones. */
const MAX_SHOWN_CAUSES = 100

/** Replaces all causes of an extension that are not shown. */
export const OTHER_CAUSE = 'other'

/** How many runs of an extension have a cause. `cause` is empty for runs that did not fail. */
type CountedCause = { extension: string; cause: string; count: number }

/** The causes of an extension that are shown under their own name; those of any extension, each once, if `extension` is null. */
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
      .slice(0, MAX_SHOWN_CAUSES),
  )
  return [...new Set(shown.map(([cause]) => cause))]
}

/** Replaces each cause that is not shown with `OTHER_CAUSE`. Does not add up the counts of equal causes. */
export function replaceRareCauses<T extends CountedCause>(counted: readonly T[]): T[] {
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
 * The cause of a failure, the same for all failures of one kind: the `reason` or `code` of ImageKit's error if it looks like a
 * code, else the error's text without the parts that differ between files (URLs, quoted names, ids, numbers of more than three
 * digits). ImageKit does not document the shape of these errors.
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
    // A cause is short, and an error may be 16 KiB long, so only its beginning is processed.
    .slice(0, 1_000)
    // Databases store a lone surrogate as another character, and PostgreSQL can't store NUL.
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
