import { z } from 'zod'
import { statusUrls } from './asset.ts'
import { run, submissionError, submissionKind, submissionState } from './run.ts'

export const registeredSubmission = z.object({
  submissionId: z.string(),
  /** To be sent to ImageKit with the upload. */
  webhookUrl: z.url(),
  ...statusUrls.shape,
})

export const submission = z.object({
  submissionId: z.string(),
  kind: submissionKind,
  state: submissionState,
  fileId: z.string().nullable(),
  ...statusUrls.shape,
  extensions: z.array(run),
  error: submissionError.nullable(),
})
