import { z } from 'zod'

/** Why an operator does something. It is stored in the audit log. */
export const reasonText = z.string().max(2000, 'must have at most 2000 characters').nullish()

export const reasonSchema = z.strictObject({ reason: reasonText }).meta({ id: 'Reason' })

export const noteSchema = z
  .strictObject({ note: reasonText })
  .meta({ id: 'Note', description: 'A note on an acknowledgement; the audit log stores it as the reason.' })
