import { z } from 'zod'
import { TrackerError } from '../../domain/errors.ts'
import type { AppContext } from '../app-env.ts'
import { invalidQuery } from '../invalid-query.ts'

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 200

const PAGE_PARAMETERS = ['limit', 'cursor'] as const

/**
 * The query of a route that accepts only these parameters. An empty value means that the parameter was not given. Throws
 * `invalid_input`, which names each unknown parameter: a misspelt filter would otherwise match everything.
 */
export function readQuery(c: AppContext, known: readonly string[]): { [name: string]: string } {
  const query = c.req.query()
  const fields = Object.keys(query)
    .filter((name) => !known.includes(name))
    .map((field) => ({ field, message: 'is not a parameter of this route' }))
  if (fields.length > 0) throw new TrackerError('invalid_input', 'The query is not valid.', { fields })
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''))
}

/** `readQuery` for a list route, which also accepts `limit` and `cursor`. */
export function readListQuery(c: AppContext, filters: readonly string[] = []): { [name: string]: string } {
  return readQuery(c, [...filters, ...PAGE_PARAMETERS])
}

/** `?limit=` and `?cursor=` of a list. Throws `invalid_input`. */
export function parsePage(c: AppContext): { limit: number; before: number | null } {
  return { limit: parseLimit(c), before: parseCursor(c) }
}

/** Opaque to the caller, so that its content may change. */
export function writeCursor(position: number): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

/** Responds with a page and a link to the next one: the same query with another cursor. */
export function respondWithPage(c: AppContext, page: object, next: number | null): Response {
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
  if (!text) return DEFAULT_LIMIT
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= MAX_LIMIT) return limit
  throw invalidQuery('limit', `must be an integer from 1 to ${MAX_LIMIT}`)
}

function parseCursor(c: AppContext): number | null {
  const text = c.req.query('cursor')
  if (!text) return null
  try {
    return z
      .int()
      .positive()
      .parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
  } catch {
    throw invalidQuery('cursor', 'must be a nextCursor of this list')
  }
}
