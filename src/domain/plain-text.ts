import { z } from 'zod'
import { isFileId } from './file-id.ts'

/** A name or an id. NUL and lone surrogates are rejected: URLs and some databases can't contain them. */
export const plainText = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^\0\p{Surrogate}]*$/u, 'should be plain text')

export const fileIdText = z.string().refine(isFileId, 'is not a valid fileId')
