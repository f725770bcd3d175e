import type { ServerResponse } from 'node:http'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { AppContext } from './app-env.ts'

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
  if (body === null) return void outgoing.writeHead(status, [...extraHeaders, ...headers]).end()
  const length = String(Buffer.byteLength(body))
  outgoing.writeHead(status, [...extraHeaders, ...headers, 'Content-Length', length]).end(body)
}

export function headersObject(headers: RawHeaders): { [name: string]: string } {
  const object: { [name: string]: string } = {}
  for (let at = 0; at < headers.length; at += 2) object[headers[at] ?? ''] = headers[at + 1] ?? ''
  return object
}
