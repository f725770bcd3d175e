import { z } from 'zod'

/** A name or an id. NUL and lone surrogates are no text: they can't be written into an address or every database. */
export const plainText = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^\0\p{Surrogate}]*$/u, 'should be plain text')

/** `status` and `retry` are words of routes, never ids. */
export const fileIdText = plainText.refine((text) => text !== 'status' && text !== 'retry', 'is no fileId')
