import { z } from 'zod'
import { fileIdText, plainText } from '../domain/plain-text.ts'
import { statusUrlsSchema } from './asset.ts'
import { runSchema, submissionErrorSchema, submissionKindSchema, submissionStateSchema } from './run.ts'

/** The registration of an upload that the caller sends to ImageKit without the tracker. */
export const registrationSchema = z.strictObject({
  /** As ImageKit's upload accepts them. */
  extensions: z
    .custom<unknown[]>(Array.isArray, 'must be an array')
    .refine(({ length }) => length > 0, 'is empty'),
  fileId: fileIdText.nullish(),
  fileName: plainText.nullish(),
  /** The caller's own URL, to which the tracker sends notifications. `parseWebhookUrl` validates it. */
  webhookUrl: z.unknown().optional(),
})

/** ImageKit's response to an upload that was sent without the tracker, unchanged. */
export const reportedResponseSchema = z.looseObject({ fileId: fileIdText.optional() })

export const registeredSubmissionSchema = z.object({
  submissionId: z.string(),
  /** The tracker's URL, which the caller must send to ImageKit with the upload. */
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
