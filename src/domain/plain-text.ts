import { z } from 'zod'

/** A name or an id. NUL and lone surrogates are rejected: URLs and some databases can't contain them. */
export const plainText = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^\0\p{Surrogate}]*$/u, 'must be plain text')

export const fileIdText = z.string().refine(isFileId, 'is not a valid fileId')

/**
 * Whether a text can be an ImageKit file id. An id is one path segment of our URLs and ImageKit's: slashes and dot segments would
 * change the URL, control characters are commands to a terminal, lone surrogates can't be encoded, and `status` and
 * `retry` are segments of routes.
 */
export function isFileId(text: string): boolean {
  return FILE_ID.test(text)
}

const FILE_ID = /^(?!(?:\.{1,2}|status|retry)$)[^/\\\p{Control}\p{Surrogate}]{1,128}$/u
