import { z } from 'zod'
import { askTracker } from '../ask-tracker.ts'
import type { TrackerClient } from '../tracker-client.ts'
import { listDeliveries } from './list-pages.ts'

const keptSchema = z.looseObject({
  signature: z.string().nullable(),
  headers: z.record(z.string(), z.string()).nullable(),
})

/** What came with the webhook of a file: its signature's fate, and its headers. */
export async function findLiveDelivery(client: TrackerClient, fileId: string): Promise<string> {
  const { deliveries } = await listDeliveries(client, { fileId }, 1)
  const [delivery] = deliveries
  if (delivery === undefined) return 'the delivery is not listed'
  const path = `/deliveries/${encodeURIComponent(delivery.deliveryId)}`
  const { signature, headers } = await askTracker(client, { path }, keptSchema)
  const told = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`)
  return `its signature is ${signature ?? 'unknown'}; its headers: ${told.join(' | ')}`
}
