import { z } from 'zod'
import { askTracker } from '../ask-tracker.ts'
import type { TrackerClient } from '../tracker-client.ts'

export const MAX_LISTED = 1000

/** As much as the service gives at once. */
const PAGE_SIZE = 200

const listedRunSchema = z.looseObject({
  runId: z.string(),
  name: z.string(),
  status: z.string(),
  requestedAt: z.string(),
  error: z.unknown(),
  fileId: z.string().nullable(),
  fileName: z.string().nullable(),
  cause: z.string().nullable(),
})
const deliverySchema = z.looseObject({
  deliveryId: z.string(),
  route: z.string(),
  receivedAt: z.string(),
  outcome: z.string(),
  cause: z.string().nullable(),
  signature: z.string().nullable(),
  fileId: z.string().nullable(),
  service: z.string().nullable(),
})

export type ListedRun = z.infer<typeof listedRunSchema>
export type ListedDelivery = z.infer<typeof deliverySchema>

type Query = { readonly [name: string]: string | boolean }

/** The newest of what a list has, read page by page; `nextCursor` is null where there are no more. */
export async function listRuns(
  client: TrackerClient,
  query: Query,
  limit: number,
): Promise<{ runs: ListedRun[]; nextCursor: string | null }> {
  const schema = z.object({ runs: z.array(listedRunSchema), nextCursor: z.string().nullable() })
  const { items, nextCursor } = await listPages('/runs', query, limit, async (path) => {
    const { runs, nextCursor } = await askTracker(client, { path }, schema)
    return { items: runs, nextCursor }
  })
  return { runs: items, nextCursor }
}

export async function listDeliveries(
  client: TrackerClient,
  query: Query,
  limit: number,
): Promise<{ deliveries: ListedDelivery[]; nextCursor: string | null }> {
  const schema = z.object({ deliveries: z.array(deliverySchema), nextCursor: z.string().nullable() })
  const { items, nextCursor } = await listPages('/deliveries', query, limit, async (path) => {
    const { deliveries, nextCursor } = await askTracker(client, { path }, schema)
    return { items: deliveries, nextCursor }
  })
  return { deliveries: items, nextCursor }
}

async function listPages<T>(
  path: string,
  query: Query,
  limit: number,
  ask: (path: string) => Promise<{ items: T[]; nextCursor: string | null }>,
): Promise<{ items: T[]; nextCursor: string | null }> {
  const items: T[] = []
  let cursor: string | null = null
  do {
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) parameters.set(name, String(value))
    parameters.set('limit', String(Math.min(PAGE_SIZE, limit - items.length)))
    if (cursor !== null) parameters.set('cursor', cursor)
    const page = await ask(`${path}?${parameters.toString()}`)
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null && items.length < limit)
  return { items, nextCursor: cursor }
}
