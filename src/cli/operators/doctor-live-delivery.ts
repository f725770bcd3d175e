import { deliveryDetailSchema } from '../../contract/delivery.ts'
import { requestJson } from '../request-json.ts'
import type { TrackerClient } from '../tracker-client.ts'
import { listDeliveries } from './list-pages.ts'

/** The newest webhook of a file: whether its signature is valid, and its headers. */
export async function formatLatestDelivery(client: TrackerClient, fileId: string): Promise<string> {
  const { deliveries } = await listDeliveries(client, { fileId }, 1)
  const [delivery] = deliveries
  if (delivery === undefined) return 'the delivery is not listed'
  const path = `/deliveries/${encodeURIComponent(delivery.deliveryId)}`
  const { signature, headers } = await requestJson(client, { path }, deliveryDetailSchema)
  const lines = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`)
  return `its signature is ${signature ?? 'unknown'}; its headers: ${lines.join(' | ')}`
}
