import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { describeApi } from '../../src/http/openapi.ts'
import type { Service } from '../../src/service.ts'
import { createExchangeCheck, type Exchange } from './check-exchange.ts'

type Started = { request: IncomingMessage; response: ServerResponse; socket: Socket }

type Watched = { check: (exchange: Exchange) => string | undefined }

/** The trackers in this process, by their port, and what was wrong with their exchanges. Test files share this module's state. */
const trackers = new Map<number, Watched>()
const faults: string[] = []

/** What contradicted the API description since the last call. */
export function takeExchangeFaults(): string[] {
  return faults.splice(0)
}

/** From here on, every exchange of this tracker is checked against the API description. */
export function watchExchanges(service: Service, url: string): void {
  const document = describeApi(service.operations, { publicUrl: url, version: '0.0.0' })
  trackers.set(Number(new URL(url).port), { check: createExchangeCheck(document) })
}

export function unwatchExchanges(url: string): void {
  trackers.delete(Number(new URL(url).port))
}

subscribe('http.server.request.start', (message) => {
  const { request, response, socket } = message as Started
  const tracker = trackers.get(socket.localPort ?? 0)
  if (tracker === undefined) return
  const requestChunks = copyChunks(request)
  const responseChunks = copyWrites(response)
  const headersOf = copyHeaders(response)
  response.once('finish', () => {
    const headers = headersOf()
    const fault = tracker.check({
      method: request.method ?? '',
      target: request.url ?? '',
      requestType: mediaTypeOf(request.headers['content-type']),
      requestBody: Buffer.concat(requestChunks),
      status: response.statusCode,
      responseType: mediaTypeOf(headers.get('content-type')),
      responseHeaders: new Set(headers.keys()),
      responseBody: Buffer.concat(responseChunks),
    })
    if (fault !== undefined) faults.push(fault)
  })
})

/** Node's parser passes each chunk of a body to `push`. */
function copyChunks(request: IncomingMessage): Buffer[] {
  const chunks: Buffer[] = []
  const push = request.push.bind(request)
  request.push = (chunk, encoding) => {
    if (chunk !== null) chunks.push(Buffer.from(chunk))
    return push(chunk, encoding)
  }
  return chunks
}

function copyWrites(response: ServerResponse): Buffer[] {
  const chunks: Buffer[] = []
  const copy = (chunk: unknown) => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk))
  }
  const write = response.write.bind(response) as (...args: unknown[]) => boolean
  const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse
  response.write = (...args: unknown[]) => {
    copy(args[0])
    return write(...args)
  }
  response.end = (...args: unknown[]) => {
    copy(args[0])
    return end(...args) as typeof response
  }
  return chunks
}

/** Headers may be set by `setHeader`, or passed to `writeHead` as an object or a flat list. */
function copyHeaders(response: ServerResponse): () => Map<string, unknown> {
  const written = new Map<string, unknown>()
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse
  response.writeHead = (...args: unknown[]) => {
    const headers = args.at(-1)
    const entries = Array.isArray(headers)
      ? headers.flatMap((name: unknown, index) =>
          index % 2 === 0 ? [[name, headers[index + 1]] as const] : [],
        )
      : Object.entries(typeof headers === 'object' && headers !== null ? headers : {})
    for (const [name, value] of entries) written.set(String(name).toLowerCase(), value)
    return writeHead(...args) as typeof response
  }
  return () => new Map<string, unknown>([...Object.entries(response.getHeaders()), ...written])
}

function mediaTypeOf(header: unknown): string {
  const [type = ''] = (typeof header === 'string' ? header : '').split(';')
  return type.trim().toLowerCase()
}
