import { z } from 'zod'
import { isFileId } from '../domain/plain-text.ts'
import { runSchema, runStatusSchema, timeSchema } from './run.ts'

const MAX_WAIT_SECONDS = 60
const MAX_ASSETS = 100
const FILE_IDS_MESSAGE = `must be given 1 to ${MAX_ASSETS} times, each time with a valid fileId`

/**
 * `wait`: how long the response may be delayed while the status is pending and, with `If-None-Match`, unchanged; in seconds, parsed
 * into milliseconds.
 */
export const statusQuerySchema = z.object({
  wait: z
    .string()
    .refine(
      (text) => /^\d+$/.test(text) && Number(text) <= MAX_WAIT_SECONDS,
      `must be an integer from 0 to ${MAX_WAIT_SECONDS}, in seconds`,
    )
    .transform((text) => Number(text) * 1000)
    .default(0)
    .meta({
      type: 'integer',
      minimum: 0,
      maximum: MAX_WAIT_SECONDS,
      description: 'How long to wait for a final status, in seconds.',
    }),
})

/** `fileId`: given once for each asset; parsed into a list without duplicates, in the order of the query. */
export const statusesQuerySchema = z.object({
  fileId: z
    .array(z.string(), FILE_IDS_MESSAGE)
    .refine(
      (fileIds) => fileIds.length >= 1 && fileIds.length <= MAX_ASSETS && fileIds.every(isFileId),
      FILE_IDS_MESSAGE,
    )
    .transform((fileIds) => [...new Set(fileIds)]),
})

export const statusUrlsSchema = z.object({ statusUrl: z.url(), eventsUrl: z.url() })

export const assetStatusSchema = z
  .object({
    fileId: z.string(),
    status: z
      .enum([...runStatusSchema.options, 'none'])
      .describe('`none`: no extension was ever requested, except in `rejected` submissions.'),
    extensionStatus: z
      .record(z.string(), runStatusSchema)
      .describe('The status of each current run, by the name of its extension.'),
    extensions: z.array(runSchema),
    updatedAt: timeSchema,
  })
  .meta({
    id: 'AssetStatus',
    examples: [
      {
        fileId: '598821f949c0a938d57563bd',
        status: 'pending',
        extensionStatus: { 'remove-bg': 'pending', 'aws-auto-tagging': 'success' },
        extensions: [
          {
            runId: 'run_1_Xl5uAz2sV0A',
            name: 'remove-bg',
            status: 'pending',
            source: 'response',
            attempt: 1,
            submissionId: 'sub_1_Xl5uAz2sV0A',
            requestedAt: '2026-11-24T18:00:00.000Z',
            settledAt: null,
            error: null,
          },
        ],
        updatedAt: '2026-11-24T18:00:01.250Z',
      },
    ],
    description: "An asset's status and its current runs.",
  })

export const linkedAssetStatusSchema = assetStatusSchema
  .extend(statusUrlsSchema.shape)
  .meta({ id: 'LinkedAssetStatus', description: "An asset's status, with the URLs at which to follow it." })

export const assetStatusesSchema = z
  .object({
    assets: z.array(assetStatusSchema),
    notFound: z.array(z.string()),
  })
  .meta({ id: 'AssetStatuses' })
