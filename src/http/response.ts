import type { ServerResponse } from 'node:http'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { writeCursor } from '../contract/page.ts'
import type { AppContext } from './request.ts'

/** Alternating names and values, like Node's `rawHeaders`: joining them needs no object for each response. */
export type RawHeaders = readonly string[]

/** A response that depends on no framework. */
export type PlainResponse = { status: ContentfulStatusCode | 304; headers: RawHeaders; body: string | null }

/** Converts a response for Hono. */
export function respond(c: AppContext, { status, headers, body }: PlainResponse): Response {
  return c.newResponse(body, { status, headers: headersObject(headers) })
}

/** Writes a response to Node's `ServerResponse`, with `extraHeaders`. */
export function writeResponse(
  outgoing: ServerResponse,
  { status, headers, body }: PlainResponse,
  extraHeaders: RawHeaders,
): void {
  // The program in which the service is embedded may have responded, for example after a timeout of its own.
  if (outgoing.headersSent) return
  if (body === null) return void outgoing.writeHead(status, [...extraHeaders, ...headers]).end()
  const length = String(Buffer.byteLength(body))
  outgoing.writeHead(status, [...extraHeaders, ...headers, 'Content-Length', length]).end(body)
}

/** Converts headers to an object. */
export function headersObject(headers: RawHeaders): { [name: string]: string } {
  const object: { [name: string]: string } = {}
  for (let index = 0; index < headers.length; index += 2)
    object[headers[index] ?? ''] = headers[index + 1] ?? ''
  return object
}

/** Returns a signal that aborts when the caller disconnects before the response is sent. */
export function closedSignal(c: AppContext): AbortSignal {
  const { outgoing } = c.env
  const controller = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) controller.abort()
  })
  if (outgoing.destroyed) controller.abort()
  return controller.signal
}

/** Returns a function that runs its task once the response is sent or the caller has disconnected; at once if that has already happened. */
export function onResponseEnd(outgoing: ServerResponse): (task: () => void) => void {
  return (task) => {
    if (outgoing.destroyed) task()
    else outgoing.once('close', task)
  }
}

/**
 * Builds the response with a page of a list. `next` is the position of the next page; null if there is none. If there is one,
 * `nextCursor` is its cursor, and `Link` has its URL: the same query with that cursor.
 */
export function pageResponse<Page extends object>(
  c: AppContext,
  page: Page,
  next: number | null,
): { status: 200; json: Page & { nextCursor: string | null }; headers: { [name: string]: string } } {
  if (next === null) return { status: 200, json: { ...page, nextCursor: null }, headers: {} }
  const nextCursor = writeCursor(next)
  const query = new URLSearchParams(c.req.query())
  query.set('cursor', nextCursor)
  const link = `<${c.get('basePath')}${c.req.path}?${query.toString()}>; rel="next"`
  return { status: 200, json: { ...page, nextCursor }, headers: { Link: link } }
}

/**
 * Makes Hono's Node.js adapter leave Node's response alone. The adapter recognises only this very object, so the response that
 * middleware prepared is dropped first: Hono would merge both into a new one, and the adapter would send the new one too. For the
 * same reason no middleware around this route may set a header after `next()`.
 */
export function alreadySent(c: AppContext): Response {
  c.res = undefined
  c.res = RESPONSE_ALREADY_SENT
  return RESPONSE_ALREADY_SENT
}
