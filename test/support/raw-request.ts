import { once } from 'node:events'
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

export type RawResponse = { status: number; headers: IncomingHttpHeaders; body: string }

/** Sends a request. Allows headers, paths and methods that `fetch` doesn't allow. */
export async function rawRequest(
  url: string,
  options: { method?: string; path?: string; headers?: OutgoingHttpHeaders; body?: string } = {},
): Promise<RawResponse> {
  const { body, ...rest } = options
  const outgoing = request(url, { agent: false, ...rest })
  outgoing.end(body)
  const [response] = await once(outgoing, 'response')
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

/** Sends these bytes on a new connection. Resolves with everything that the server sends until it ends the connection. */
export async function rawBytes(url: string, bytes: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(bytes)
  return text(socket)
}
