import { writeCursor } from '../../contract/page.ts'
import type { AppContext } from '../app-env.ts'

/** A page of a list: the response has the cursor of the next page, and a `Link` to it, which is the same query with that cursor. */
export function pageResponse<Page extends object>(
  c: AppContext,
  page: Page,
  next: number | null,
): { status: 200; json: Page & { nextCursor: string | null }; headers: { [name: string]: string } } {
  if (next === null) return { status: 200, json: { ...page, nextCursor: null }, headers: {} }
  const nextCursor = writeCursor(next)
  const query = new URLSearchParams(c.req.query())
  query.set('cursor', nextCursor)
  const link = `<${c.req.path}?${query.toString()}>; rel="next"`
  return { status: 200, json: { ...page, nextCursor }, headers: { Link: link } }
}
