import type { ServerResponse } from 'node:http'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { AppContext } from './app-env.ts'

/** Names and values in turn, as Node has them in `rawHeaders`: they are put together without an object for each answer. */
export type RawHeaders = readonly string[]

/** An answer before anything of a framework is around it. */
export type PlainAnswer = { status: ContentfulStatusCode | 304; headers: RawHeaders; body: string | null }

/** Hands it to Hono. */
export function respond(c: AppContext, { status, headers, body }: PlainAnswer): Response {
  return c.newResponse(body, { status, headers: headersObject(headers) })
}

/** Writes it to Node's own response, with the headers of `more`. */
export function writeAnswer(
  outgoing: ServerResponse,
  { status, headers, body }: PlainAnswer,
  more: RawHeaders,
): void {
  if (body === null) return void outgoing.writeHead(status, [...more, ...headers]).end()
  const length = String(Buffer.byteLength(body))
  outgoing.writeHead(status, [...more, ...headers, 'Content-Length', length]).end(body)
}

export function headersObject(headers: RawHeaders): { [name: string]: string } {
  const object: { [name: string]: string } = {}
  for (let at = 0; at < headers.length; at += 2) object[headers[at] ?? ''] = headers[at + 1] ?? ''
  return object
}
