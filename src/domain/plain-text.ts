import { z } from 'zod'

/** A name or an id. NUL and lone surrogates are rejected: URLs and some databases can't contain them. */
export const plainText = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^\0\p{Surrogate}]*$/u, 'must not contain NUL or lone surrogates')

export const fileIdText = z.string().refine(isFileId, 'is not a valid fileId')

/**
 * Whether a text can be an ImageKit file id. An id is one path segment of our URLs and ImageKit's: slashes and dot segments would
 * change the URL, and lone surrogates can't be encoded. Control characters could be commands to a terminal. `status` and `retry`
 * are excluded because they are in the place of an id in our routes `/assets/status` and `/runs/retry`.
 */
export function isFileId(text: string): boolean {
  return FILE_ID.test(text)
}

const FILE_ID = /^(?!(?:\.{1,2}|status|retry)$)[^/\\\p{Control}\p{Surrogate}]{1,128}$/u
