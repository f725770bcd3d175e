import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { afterEach, expect } from 'vitest'
import { describeApi } from '../../src/http/openapi.ts'
import type { Service } from '../../src/service.ts'
import { createExchangeCheck, type Exchange } from './check-exchange.ts'

type Started = { request: IncomingMessage; response: ServerResponse; socket: Socket }

type Watched = { check: (exchange: Exchange) => string | undefined }

/** The trackers in this process, by their port, and what was wrong with their exchanges. Test files share this module's state. */
const trackers = new Map<number, Watched>()
const faults: string[] = []

/** From here on, every exchange of this tracker is checked against the API description. The test in which one contradicts it fails. */
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
  const typeOf = copyContentType(response)
  response.once('finish', () => {
    const fault = tracker.check({
      method: request.method ?? '',
      target: request.url ?? '',
      requestType: mediaTypeOf(request.headers['content-type']),
      requestBody: Buffer.concat(requestChunks),
      status: response.statusCode,
      responseType: mediaTypeOf(typeOf()),
      responseBody: Buffer.concat(responseChunks),
    })
    if (fault !== undefined) faults.push(fault)
  })
})

afterEach(() => {
  expect(faults.splice(0)).toEqual([])
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

/** The content type may be set by `setHeader`, or passed to `writeHead` as an object or a flat list. */
function copyContentType(response: ServerResponse): () => unknown {
  let written: unknown
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse
  response.writeHead = (...args: unknown[]) => {
    const headers = args.at(-1)
    const entries = Array.isArray(headers)
      ? headers.flatMap((name: unknown, index) =>
          index % 2 === 0 ? [[name, headers[index + 1]] as const] : [],
        )
      : Object.entries(typeof headers === 'object' && headers !== null ? headers : {})
    for (const [name, value] of entries) if (String(name).toLowerCase() === 'content-type') written = value
    return writeHead(...args) as typeof response
  }
  return () => written ?? response.getHeader('content-type')
}

function mediaTypeOf(header: unknown): string {
  const [type = ''] = (typeof header === 'string' ? header : '').split(';')
  return type.trim().toLowerCase()
}
