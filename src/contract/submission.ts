import { z } from 'zod'
import { fileIdText, plainText } from '../domain/plain-text.ts'
import { statusUrlsSchema } from './asset.ts'
import { runSchema, submissionErrorSchema, submissionKindSchema, submissionStateSchema } from './run.ts'

export const registrationSchema = z
  .strictObject({
    /** As ImageKit's upload accepts them. */
    extensions: z
      .custom<unknown[]>(Array.isArray, 'must be an array')
      .refine(({ length }) => length > 0, 'is empty'),
    fileId: fileIdText.nullish(),
    fileName: plainText.nullish(),
    webhookUrl: z
      .unknown()
      .optional()
      .describe(
        "The caller's own URL, to which the tracker sends notifications. `parseWebhookUrl` validates it.",
      ),
  })
  .meta({
    id: 'Registration',
    examples: [{ extensions: [{ name: 'remove-bg' }], fileName: 'shirt.jpg' }],
    description: 'The registration of an upload that the caller sends to ImageKit without the tracker.',
  })

export const reportedResponseSchema = z.looseObject({ fileId: fileIdText.optional() }).meta({
  id: 'ReportedResponse',
  description: "ImageKit's response to an upload that was sent without the tracker, unchanged.",
})

export const registeredSubmissionSchema = z
  .object({
    submissionId: z.string(),
    webhookUrl: z
      .url()
      .describe("The tracker's URL, which the caller must send to ImageKit with the upload."),
    ...statusUrlsSchema.shape,
  })
  .meta({
    id: 'RegisteredSubmission',
    examples: [
      {
        submissionId: 'sub_1_Xl5uAz2sV0A',
        webhookUrl: 'https://tracker.example.com/webhooks/extension/sub_1_Xl5uAz2sV0A.k3Y',
        statusUrl: 'https://tracker.example.com/submissions/sub_1_Xl5uAz2sV0A?token=t0K',
        eventsUrl: 'https://tracker.example.com/submissions/sub_1_Xl5uAz2sV0A/events?token=t0K',
      },
    ],
  })

export const submissionSchema = z
  .object({
    submissionId: z.string(),
    kind: submissionKindSchema,
    state: submissionStateSchema,
    fileId: z.string().nullable(),
    ...statusUrlsSchema.shape,
    extensions: z.array(runSchema),
    error: submissionErrorSchema.nullable(),
  })
  .meta({ id: 'Submission' })
