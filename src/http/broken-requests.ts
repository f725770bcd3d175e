import {
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  type Server,
  ServerResponse,
  STATUS_CODES,
} from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ProblemCode } from '../contract/problems.ts'
import type { ExceededLimit } from '../tracking/status/waiting-limit.ts'
import type { ErrorResponses } from './error-responses.ts'
import { headersObject } from './response.ts'

/**
 * Closing a connection while the caller still sends resets it, and the response may be lost (RFC 9112, section 9.6). So the
 * remaining bytes are read and discarded, as long as at least `stepBytes` arrive in each `stepMs`, and up to the totals.
 */
const LINGER = { stepMs: 2000, stepBytes: 16 * 1024, totalMs: 120_000, totalBytes: 1024 ** 3 }

/** Far more than any client pipelines. Without a limit, responses could pile up while a long poll before them waits. */
const MAX_PIPELINED = 100

/** How many connections beyond the limit may get a 503 before they are closed; further ones are closed without a response. */
const MAX_LINGERING = 32

type GuardDeps = {
  malformed: ErrorResponses['malformed']
  noteExceeded: (limit: ExceededLimit) => void
  maxConnections: number
}

/**
 * Responds with a problem to invalid HTTP, to CONNECT, to late request heads, and to a connection beyond the limit if no other is
 * idle; then closes the connection.
 *
 * Call the returned function for each request, so that no problem is sent while a request is in flight: the caller would take it
 * for the response to that request. It returns whether to handle the request; a connection that pipelines too many is closed.
 */
export function guardConnections(
  server: Server,
  { malformed, noteExceeded, maxConnections }: GuardDeps,
): (incoming: IncomingMessage, outgoing: ServerResponse) => boolean {
  const responsesOf = createResponsesOf()
  /** Connections without a request in flight, the longest idle first. */
  const idle = new Set<Duplex>()
  let openCount = 0

  const rejected = new WeakSet<Duplex>()

  const reject = (socket: Duplex, code: ProblemCode, detail: string): void => {
    // Node emits the error again for everything that the caller still sends.
    if (rejected.has(socket)) return
    rejected.add(socket)
    if (!socket.writable || !canRespond(responsesOf(socket))) return void socket.destroy()
    socket.end(responseText(malformed(code, detail)))
    if (socket instanceof Socket) linger(socket)
  }
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const [code, detail] = problemOf(error)
    reject(socket, code, detail)
  })
  server.on('connect', (_incoming, socket) => {
    socket.on('error', () => {})
    reject(socket, 'invalid_input', 'CONNECT is not supported.')
  })

  if (Number.isFinite(maxConnections)) server.maxConnections = maxConnections + MAX_LINGERING
  server.on('drop', () => noteExceeded('connections'))
  server.on('connection', (socket) => {
    openCount += 1
    idle.add(socket)
    socket.once('close', () => {
      openCount -= 1
      idle.delete(socket)
    })
    if (openCount <= maxConnections) return
    noteExceeded('connections')
    const [longestIdle = socket] = idle
    idle.delete(longestIdle)
    // An idle connection is closed first, so that idle callers can't keep a webhook out.
    if (longestIdle === socket)
      reject(socket, 'overloaded', 'Too many connections are open. Try again later.')
    else longestIdle.destroy()
  })

  return (incoming, outgoing) => {
    const { socket } = incoming
    if (!socket.writable || rejected.has(socket)) {
      // Node still parses requests that arrived before the close. It would later abort each of them with an error, and creating
      // many stack traces is slow.
      incoming.destroy()
      return false
    }
    const responses = responsesOf(socket)
    if (responses.size === 0) idle.delete(socket)
    responses.add(outgoing)
    outgoing.once('close', () => {
      responses.delete(outgoing)
      if (!incoming.complete) discardRest(incoming)
      if (responses.size === 0 && !socket.destroyed) idle.add(socket)
    })
    if (responses.size <= MAX_PIPELINED) return true
    noteExceeded('requests on one connection')
    socket.destroy()
    return false
  }
}

type Head = OutgoingHttpHeaders | OutgoingHttpHeader[]

/** A response that may be sent while a large body still arrives; then it closes the connection without resetting it. */
export class EarlyResponse extends ServerResponse {
  override writeHead(status: number, message?: string | Head, headers?: Head): this {
    const { req } = this
    if (!req.complete && isLarge(req)) {
      this.shouldKeepAlive = false
      // Node calls `destroySoon` after the last response of a connection.
      req.socket.destroySoon = () => {
        if (req.complete) Socket.prototype.destroySoon.call(req.socket)
        else req.socket.end()
      }
    }
    return typeof message === 'string'
      ? super.writeHead(status, message, headers)
      : super.writeHead(status, message ?? headers)
  }
}

/** Whether a body may take long to arrive. After a smaller one, the connection can soon serve the next request. */
function isLarge({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 65_536
}

/** Reads and discards the rest of a request body once the response is sent. */
function discardRest(incoming: IncomingMessage): void {
  const { socket } = incoming
  const stop = linger(socket)
  incoming
    .once('close', () => {
      stop()
      if (!socket.writable) socket.destroySoon()
    })
    .resume()
}

/** Closes the connection if its bytes arrive too slowly, too many arrive, or it takes too long. Returns a function that cancels this. */
function linger(socket: Socket): () => void {
  const bytesAtStart = socket.bytesRead
  let bytesBefore = bytesAtStart
  let stepsLeft = LINGER.totalMs / LINGER.stepMs
  const timer = setInterval(() => {
    stepsLeft -= 1
    const { bytesRead } = socket
    const isSlow = bytesRead - bytesBefore < LINGER.stepBytes
    if (isSlow || stepsLeft === 0 || bytesRead - bytesAtStart > LINGER.totalBytes) socket.destroy()
    bytesBefore = bytesRead
  }, LINGER.stepMs).unref()
  const stop = () => {
    clearInterval(timer)
    socket.off('close', stop)
  }
  socket.once('close', stop)
  return stop
}

/** Returns the responses that are in progress on a connection, for the caller to maintain. Those that are left when it closes end. */
export function createResponsesOf(): (socket: Duplex) => Set<ServerResponse> {
  const inFlight = new WeakMap<Duplex, Set<ServerResponse>>()
  return (socket) => {
    const known = inFlight.get(socket)
    if (known !== undefined) return known
    const responses = new Set<ServerResponse>()
    inFlight.set(socket, responses)
    socket.once('close', () => {
      for (const outgoing of responses) endUnsent(outgoing)
    })
    return responses
  }
}

/** When a connection closes, Node emits `close` only for its current response. The queued ones would stay in progress forever. */
export function endUnsent(outgoing: ServerResponse): void {
  if (outgoing.socket !== null) return
  outgoing.destroy()
  outgoing.emit('close')
}

/** Whether a problem would be taken for the right response: nothing is in flight, or only the malformed request itself. */
function canRespond(inFlight: ReadonlySet<ServerResponse>): boolean {
  return [...inFlight].every(
    (outgoing) => inFlight.size === 1 && !outgoing.req.complete && !outgoing.headersSent,
  )
}

/** The problem for a `clientError`: https://nodejs.org/docs/latest-v20.x/api/http.html#event-clienterror */
function problemOf(error: NodeJS.ErrnoException): [ProblemCode, string] {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['request_timeout', 'The request head did not arrive in time.']
    case 'HPE_HEADER_OVERFLOW':
      return ['headers_too_large', 'The request head is larger than 16 KiB.']
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return ['payload_too_large', 'The chunk extensions are too large.']
    default:
      return ['invalid_input', 'The request is not valid HTTP/1.1.']
  }
}

function responseText({ status, headers, body }: ReturnType<ErrorResponses['malformed']>): string {
  const lines = Object.entries({
    ...headersObject(headers),
    'Content-Length': Buffer.byteLength(body),
    Date: new Date().toUTCString(),
    Connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`
}
