import { z } from 'zod'
import { statusUrlsSchema } from './asset.ts'
import { runSchema, submissionErrorSchema, submissionKindSchema, submissionStateSchema } from './run.ts'

export const registeredSubmissionSchema = z.object({
  submissionId: z.string(),
  /** To be sent to ImageKit with the upload. */
  webhookUrl: z.url(),
  ...statusUrlsSchema.shape,
})

export const submissionSchema = z.object({
  submissionId: z.string(),
  kind: submissionKindSchema,
  state: submissionStateSchema,
  fileId: z.string().nullable(),
  ...statusUrlsSchema.shape,
  extensions: z.array(runSchema),
  error: submissionErrorSchema.nullable(),
})
