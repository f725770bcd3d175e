import { z } from 'zod'
import { timeSchema } from './run.ts'
import { auditKindSchema } from './run-detail.ts'

export const auditListSchema = z.object({
  entries: z.array(
    z.object({
      at: timeSchema,
      /** The name of the operator's key. */
      actor: z.string(),
      kind: auditKindSchema,
      /**
       * The id of what the action was about; a hash once the asset is forgotten. Null if it was about several things, or about
       * nothing that has an id (a backup).
       */
      subject: z.string().nullable(),
      /** Null if none was given, or once it is deleted with the asset that the action was about. */
      reason: z.string().nullable(),
      details: z.record(z.string(), z.json()).nullable(),
    }),
  ),
  nextCursor: z.string().nullable(),
})
