import { z } from 'zod'

/** A time in a request; parsed into milliseconds since the epoch. */
export const timeInputSchema = z.iso
  .datetime({ offset: true, message: 'must be a time such as 2026-11-24T18:00:00Z' })
  .transform((value) => Date.parse(value))

/** Why an operator does something. It is stored in the audit log. */
export const reasonText = z.string().max(2000, 'must have at most 2000 characters').nullish()

export const reasonSchema = z.strictObject({ reason: reasonText })

export const noteSchema = z.strictObject({ note: reasonText })
