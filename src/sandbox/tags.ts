import { invalidParameter } from './api-error.ts'

const MAX_CHARACTERS = 500

/** ImageKit: all tags together at most 500 characters, none with `%`. */
export function checkTags(tags: readonly string[]): readonly string[] {
  if (tags.some((tag) => tag.includes('%'))) throw invalidParameter('tags', '% is not allowed.')
  if (tags.join('').length > MAX_CHARACTERS) {
    throw invalidParameter(
      'tags',
      `The maximum length of all characters should not exceed ${MAX_CHARACTERS}.`,
    )
  }
  return tags
}

/** Parses an upload's comma-separated tags; null if there are none. */
export function parseTagList(text: string): string[] | null {
  const tags = text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '')
  checkTags(tags)
  return tags.length === 0 ? null : [...new Set(tags)]
}
