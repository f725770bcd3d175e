import { InvalidArgumentError, Option } from 'commander'
import type { z } from 'zod'
import type { RunFilter } from '../../client/client.ts'
import { auditListSchema } from '../../contract/audit.ts'
import { deliveryListSchema, type deliverySchema } from '../../contract/delivery.ts'
import { notificationListSchema, type notificationSchema } from '../../contract/notification.ts'
import { type listedRunSchema, runListSchema } from '../../contract/run.ts'
import { parseInteger } from '../../domain/quantities.ts'
import { type CommandClient, readResponse } from '../tracker-client.ts'

/** The highest `--limit` of the commands that list. */
export const MAX_LISTED = 1000

/** The service's maximum per page. */
const PAGE_SIZE = 200

export type ListedRun = z.infer<typeof listedRunSchema>
export type ListedDelivery = z.infer<typeof deliverySchema>
export type ListedNotification = z.infer<typeof notificationSchema>

/** The newest `limit` runs, read page by page. `nextCursor` is null if there are no more. */
export async function listRuns(
  client: CommandClient,
  filter: RunFilter,
  limit: number,
): Promise<{ runs: ListedRun[]; nextCursor: string | null }> {
  const { items, nextCursor } = await listPages(limit, async (range) => {
    // Without a filter by it, acknowledged runs are listed too.
    const request = client.failures({ acknowledged: null, ...filter, ...range })
    const { runs, ...page } = await readResponse(client, request, runListSchema)
    return { items: runs, ...page }
  })
  return { runs: items, nextCursor }
}

type Query = { readonly [name: string]: string }

export async function listDeliveries(
  client: CommandClient,
  query: Query,
  limit: number,
): Promise<{ deliveries: ListedDelivery[]; nextCursor: string | null }> {
  const { items, nextCursor } = await listPages(limit, async (range) => {
    const request = client.http.json('/deliveries', { query: { ...query, ...range } })
    const { deliveries, ...page } = await readResponse(client, request, deliveryListSchema)
    return { items: deliveries, ...page }
  })
  return { deliveries: items, nextCursor }
}

export async function listNotifications(
  client: CommandClient,
  query: Query,
  limit: number,
): Promise<z.infer<typeof notificationListSchema>> {
  const { items, nextCursor } = await listPages(limit, async (range) => {
    const request = client.http.json('/notifications', { query: { ...query, ...range } })
    const { notifications, ...page } = await readResponse(client, request, notificationListSchema)
    return { items: notifications, ...page }
  })
  return { notifications: items, nextCursor }
}

export async function listAuditEntries(
  client: CommandClient,
  limit: number,
): Promise<z.infer<typeof auditListSchema>> {
  const { items, nextCursor } = await listPages(limit, async (range) => {
    const request = client.http.json('/audit', { query: range })
    const { entries, ...page } = await readResponse(client, request, auditListSchema)
    return { items: entries, ...page }
  })
  return { entries: items, nextCursor }
}

type Page<T> = { items: T[]; nextCursor: string | null }

/** Which items a page has: at most `limit`, after those of the page whose `nextCursor` is given. */
type Range = { limit: number; cursor?: string }

async function listPages<T>(limit: number, fetchPage: (range: Range) => Promise<Page<T>>): Promise<Page<T>> {
  const items: T[] = []
  let cursor: string | null = null
  do {
    const range: Range = { limit: Math.min(PAGE_SIZE, limit - items.length) }
    const page: Page<T> = await fetchPage(cursor === null ? range : { ...range, cursor })
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null && items.length < limit)
  return { items, nextCursor: cursor }
}

/** `--limit N` of a command that lists or retries the newest, from 1 to `max`. */
export function limitOption(defaultLimit: number, max: number): Option {
  return new Option('--limit <N>', `maximum number, newest first (up to ${max})`)
    .default(defaultLimit)
    .argParser((text) => parseLimit(text, max))
}

export function parseLimit(text: string, max: number): number {
  const limit = parseInteger(text)
  if (limit !== undefined && limit >= 1 && limit <= max) return limit
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${max}.`)
}
