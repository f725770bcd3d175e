import { z } from 'zod'
import { runSchema, runStatusSchema, timeSchema } from './run.ts'

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

/** The same with the addresses to follow it at. */
export const linkedAssetStatusSchema = assetStatusSchema.extend(statusUrlsSchema.shape)

export const assetStatusesSchema = z.object({
  assets: z.array(assetStatusSchema),
  notFound: z.array(z.string()),
})
