import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { askTracker } from '../ask-tracker.ts'
import type { TrackerClient } from '../tracker-client.ts'

export type AskedExtension = { fileId: string; name: string }

export type StatusCounts = { success: number; failed: number; expired: number }

/** As many assets as the service tells at once. */
const AT_ONCE = 100
const LOOK_EVERY_MS = 1_000

const batchSchema = z.object({
  assets: z.array(z.object({ fileId: z.string(), extensionStatus: z.record(z.string(), z.string()) })),
})

/** Waits until none of these extensions is pending any more. What is forgotten meanwhile is not counted. */
export async function waitForStatuses(
  client: TrackerClient,
  asked: readonly AskedExtension[],
): Promise<StatusCounts> {
  const counts = { success: 0, failed: 0, expired: 0 }
  let left = uniqueOf(asked)
  for (;;) {
    const statuses = await statusesOf(client, left)
    const pending: AskedExtension[] = []
    for (const one of left) {
      const status = statuses.get(one.fileId)?.[one.name]
      if (status === 'pending') pending.push(one)
      if (status === 'success' || status === 'failed' || status === 'expired') counts[status] += 1
    }
    if (pending.length === 0) return counts
    left = pending
    await delay(LOOK_EVERY_MS)
  }
}

async function statusesOf(
  client: TrackerClient,
  asked: readonly AskedExtension[],
): Promise<Map<string, { [name: string]: string }>> {
  const fileIds = [...new Set(asked.map(({ fileId }) => fileId))]
  const statuses = new Map<string, { [name: string]: string }>()
  for (let at = 0; at < fileIds.length; at += AT_ONCE) {
    const query = new URLSearchParams()
    for (const fileId of fileIds.slice(at, at + AT_ONCE)) query.append('fileId', fileId)
    const { assets } = await askTracker(client, { path: `/assets/status?${query.toString()}` }, batchSchema)
    for (const { fileId, extensionStatus } of assets) statuses.set(fileId, extensionStatus)
  }
  return statuses
}

function uniqueOf(asked: readonly AskedExtension[]): AskedExtension[] {
  return [...new Map(asked.map((one) => [JSON.stringify([one.fileId, one.name]), one])).values()]
}
