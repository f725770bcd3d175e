import { z } from 'zod'
import type { DeliveryPlace } from '../../domain/listed-delivery.ts'
import type { AppContext } from '../app-env.ts'
import { invalidQuery } from '../invalid-query.ts'

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 200

/** `?limit=` and `?cursor=` of a list that one number places. Throws `invalid_input`. */
export function parsePage(c: AppContext): { limit: number; before: number | null } {
  return { limit: parseLimit(c), before: parseCursor(c, z.int().positive()) }
}

export function parseDeliveryPage(c: AppContext): { limit: number; before: DeliveryPlace | null } {
  const place = z.int().positive().nullable()
  return { limit: parseLimit(c), before: parseCursor(c, z.strictObject({ kept: place, refused: place })) }
}

/** Opaque to the caller, so that what it holds may change. */
export function writeCursor(place: number | DeliveryPlace): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/** Answers a page, with the address of the next one, which keeps the whole query but its cursor. */
export function answerPage(c: AppContext, page: object, next: number | DeliveryPlace | null): Response {
  const nextCursor = next === null ? null : writeCursor(next)
  if (nextCursor !== null) {
    const query = new URLSearchParams(c.req.query())
    query.set('cursor', nextCursor)
    c.header('Link', `<${c.req.path}?${query.toString()}>; rel="next"`)
  }
  return c.json({ ...page, nextCursor })
}

function parseLimit(c: AppContext): number {
  const text = c.req.query('limit')
  if (text === undefined) return DEFAULT_LIMIT
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= MAX_LIMIT) return limit
  throw invalidQuery('limit', `must be an integer from 1 to ${MAX_LIMIT}`)
}

function parseCursor<T>(c: AppContext, schema: z.ZodType<T>): T | null {
  const text = c.req.query('cursor')
  if (text === undefined) return null
  try {
    return schema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
  } catch {
    throw invalidQuery('cursor', 'must be a nextCursor of this list')
  }
}
