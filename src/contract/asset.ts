import { z } from 'zod'
import { isFileId } from '../domain/plain-text.ts'
import { runSchema, runStatusSchema, timeSchema } from './run.ts'

const MAX_WAIT_SECONDS = 60
const MAX_ASSETS = 100
const FILE_IDS = `must be a valid fileId, given once for each of 1 to ${MAX_ASSETS} assets`

/** `wait`: how long the response may wait for a final status; parsed into milliseconds. */
export const statusQuerySchema = z.object({
  wait: z
    .string()
    .refine(
      (text) => /^\d+$/.test(text) && Number(text) <= MAX_WAIT_SECONDS,
      `must be an integer from 0 to ${MAX_WAIT_SECONDS}, in seconds`,
    )
    .transform((text) => Number(text) * 1000)
    .default(0),
})

/** `fileId`: given once for each asset; without repeats in the result, in the order of the query. */
export const statusesQuerySchema = z.object({
  fileId: z
    .array(z.string(), FILE_IDS)
    .refine(
      (fileIds) => fileIds.length >= 1 && fileIds.length <= MAX_ASSETS && fileIds.every(isFileId),
      FILE_IDS,
    )
    .transform((fileIds) => [...new Set(fileIds)]),
})

export const statusUrlsSchema = z.object({ statusUrl: z.url(), eventsUrl: z.url() })

/** An asset's status and its current runs. */
export const assetStatusSchema = z.object({
  fileId: z.string(),
  /** `none`: no extension was ever requested. */
  status: z.enum([...runStatusSchema.options, 'none']),
  /** The status of each current run, by the name of its extension. */
  extensionStatus: z.record(z.string(), runStatusSchema),
  extensions: z.array(runSchema),
  updatedAt: timeSchema,
})

/** The same, with the URLs at which to follow the status. */
export const linkedAssetStatusSchema = assetStatusSchema.extend(statusUrlsSchema.shape)

export const assetStatusesSchema = z.object({
  assets: z.array(assetStatusSchema),
  notFound: z.array(z.string()),
})
