import { InvalidArgumentError, Option } from 'commander'
import type { z } from 'zod'
import { auditListSchema } from '../../contract/audit.ts'
import { deliveryListSchema, type deliverySchema } from '../../contract/delivery.ts'
import { notificationListSchema, type notificationSchema } from '../../contract/notification.ts'
import { type listedRunSchema, runListSchema } from '../../contract/run.ts'
import { parseInteger } from '../../domain/quantities.ts'
import { requestJson, type TrackerClient } from '../tracker-client.ts'

/** The highest `--limit` of the commands that list. */
export const MAX_LISTED = 1000

/** The service's maximum per page. */
const PAGE_SIZE = 200

export type ListedRun = z.infer<typeof listedRunSchema>
export type ListedDelivery = z.infer<typeof deliverySchema>
export type ListedNotification = z.infer<typeof notificationSchema>

type Query = { readonly [name: string]: string | boolean }

/** The newest `limit` runs, read page by page. `nextCursor` is null if there are no more. */
export async function listRuns(
  client: TrackerClient,
  query: Query,
  limit: number,
): Promise<{ runs: ListedRun[]; nextCursor: string | null }> {
  const { items, nextCursor } = await listPages('/runs', query, limit, async (path) => {
    const { runs, ...page } = await requestJson(client, { path }, runListSchema)
    return { items: runs, ...page }
  })
  return { runs: items, nextCursor }
}

export async function listDeliveries(
  client: TrackerClient,
  query: Query,
  limit: number,
): Promise<{ deliveries: ListedDelivery[]; nextCursor: string | null }> {
  const { items, nextCursor } = await listPages('/deliveries', query, limit, async (path) => {
    const { deliveries, ...page } = await requestJson(client, { path }, deliveryListSchema)
    return { items: deliveries, ...page }
  })
  return { deliveries: items, nextCursor }
}

export async function listNotifications(
  client: TrackerClient,
  query: Query,
  limit: number,
): Promise<z.infer<typeof notificationListSchema>> {
  const { items, nextCursor } = await listPages('/notifications', query, limit, async (path) => {
    const { notifications, ...page } = await requestJson(client, { path }, notificationListSchema)
    return { items: notifications, ...page }
  })
  return { notifications: items, nextCursor }
}

export async function listAuditEntries(
  client: TrackerClient,
  limit: number,
): Promise<z.infer<typeof auditListSchema>> {
  const { items, nextCursor } = await listPages('/audit', {}, limit, async (path) => {
    const { entries, ...page } = await requestJson(client, { path }, auditListSchema)
    return { items: entries, ...page }
  })
  return { entries: items, nextCursor }
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
