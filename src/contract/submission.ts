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

const MAX_EXPIRES_IN_SECONDS = 3540

export const uploadAuthQuerySchema = z.strictObject({
  extensions: z
    .string()
    .optional()
    .describe('The names of the upload’s extensions, separated by commas; or its `extensions`, as JSON.'),
  fileName: plainText.optional(),
  expiresIn: z
    .string()
    .refine(
      (text) => /^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_EXPIRES_IN_SECONDS,
      `must be an integer from 1 to ${MAX_EXPIRES_IN_SECONDS}, in seconds`,
    )
    .transform(Number)
    .default(1800)
    .meta({
      type: 'integer',
      minimum: 1,
      maximum: MAX_EXPIRES_IN_SECONDS,
      description: 'How long the upload may start, in seconds. ImageKit rejects an hour or more.',
    }),
})

export const uploadAuthorizationSchema = z
  .object({
    token: z.string(),
    expire: z.int().describe('In Unix seconds.'),
    signature: z.string().describe('`token`, `expire` and `signature` authorise one upload to ImageKit.'),
    ...registeredSubmissionSchema.shape,
  })
  .meta({
    id: 'UploadAuthorization',
    examples: [
      {
        token: '3f0c6e0a-7b5e-4f7c-9b0d-0a4b1c2d3e4f',
        expire: 1772366400,
        signature: 'e71bcd6031016b060d349d212e23e85c791decdd',
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
