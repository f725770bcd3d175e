import { z } from 'zod'
import { timeSchema } from './run.ts'
import { auditKindSchema } from './run-detail.ts'

export const auditListSchema = z
  .object({
    entries: z.array(
      z.object({
        at: timeSchema,
        actor: z.string().describe("The name of the operator's key."),
        kind: auditKindSchema,
        subject: z
          .string()
          .nullable()
          .describe(
            'The id of what the action was about; a hash once the asset is forgotten. Null if it was about several things, or about nothing that has an id (a backup).',
          ),
        reason: z
          .string()
          .nullable()
          .describe(
            'Null if none was given, or once it is deleted with the asset that the action was about.',
          ),
        details: z.record(z.string(), z.json()).nullable(),
      }),
    ),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'AuditList' })
