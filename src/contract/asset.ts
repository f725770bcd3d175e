import { z } from 'zod'
import { run, runStatus, time } from './run.ts'

export const statusUrls = z.object({ statusUrl: z.url(), eventsUrl: z.url() })

/** An asset's status and its current runs. */
export const assetStatus = z.object({
  fileId: z.string(),
  /** `none`: no extension was ever requested. */
  status: z.enum([...runStatus.options, 'none']),
  /** The status of each current run, by the name of its extension. */
  extensionStatus: z.record(z.string(), runStatus),
  extensions: z.array(run),
  updatedAt: time,
})

/** The same with the addresses to follow it at. */
export const linkedAssetStatus = assetStatus.extend(statusUrls.shape)

export const assetStatuses = z.object({ assets: z.array(assetStatus), notFound: z.array(z.string()) })
