import { invalidParameter } from '../api-error.ts'

/** The value of a JSON text; undefined, which is no JSON value, if the text is not JSON. */
export function parseJsonText(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}

const MAX_TAG_CHARACTERS = 500

/** Checks ImageKit's limits: all tags together have at most 500 characters, and none contains `%`. Returns them unchanged. */
export function checkTags(tags: readonly string[]): readonly string[] {
  if (tags.some((tag) => tag.includes('%'))) throw invalidParameter('tags', '% is not allowed.')
  if (tags.join('').length > MAX_TAG_CHARACTERS) {
    throw invalidParameter(
      'tags',
      `The maximum length of all characters should not exceed ${MAX_TAG_CHARACTERS}.`,
    )
  }
  return tags
}

/** Parses an upload's comma-separated tags and removes duplicates; null if there are none. */
export function parseTagList(text: string): string[] | null {
  const tags = text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '')
  checkTags(tags)
  return tags.length === 0 ? null : [...new Set(tags)]
}

/** Checks for `x,y,width,height` in pixels, and returns the text unchanged. */
export function checkCustomCoordinates(text: string): string {
  if (!/^\d+,\d+,\d+,\d+$/.test(text)) {
    throw invalidParameter('customCoordinates', 'It should be in the format x,y,width,height.')
  }
  return text
}

export function checkWebhookUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) throw invalidParameter('webhookUrl')
  return text
}
