import { z } from 'zod'
import { requestJson } from '../request-json.ts'
import type { TrackerClient } from '../tracker-client.ts'

export const MAX_LISTED = 1000

/** The service's maximum per page. */
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

/** The newest `limit` runs, read page by page. `nextCursor` is null if there are no more. */
export async function listRuns(
  client: TrackerClient,
  query: Query,
  limit: number,
): Promise<{ runs: ListedRun[]; nextCursor: string | null }> {
  const schema = z.object({ runs: z.array(listedRunSchema), nextCursor: z.string().nullable() })
  const { items, nextCursor } = await listPages('/runs', query, limit, async (path) => {
    const { runs, nextCursor } = await requestJson(client, { path }, schema)
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
    const { deliveries, nextCursor } = await requestJson(client, { path }, schema)
    return { items: deliveries, nextCursor }
  })
  return { deliveries: items, nextCursor }
}

async function listPages<T>(
  path: string,
  query: Query,
  limit: number,
  fetchPage: (path: string) => Promise<{ items: T[]; nextCursor: string | null }>,
): Promise<{ items: T[]; nextCursor: string | null }> {
  const items: T[] = []
  let cursor: string | null = null
  do {
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) parameters.set(name, String(value))
    parameters.set('limit', String(Math.min(PAGE_SIZE, limit - items.length)))
    if (cursor !== null) parameters.set('cursor', cursor)
    const page = await fetchPage(`${path}?${parameters.toString()}`)
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null && items.length < limit)
  return { items, nextCursor: cursor }
}
