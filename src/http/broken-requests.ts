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
import type { ExceededLimit } from '../tracking/waiting-limit.ts'
import type { ErrorAnswers } from './error-answers.ts'
import { headersObject } from './plain-answer.ts'
import type { ProblemCode } from './problems.ts'

/**
 * A connection that is closed while the caller still sends is reset, and the response is lost (RFC 9112, section 9.6). So what
 * still comes is read and discarded, as long as each `stepMs` brings `stepBytes`.
 */
const LINGER = { stepMs: 2000, stepBytes: 16 * 1024, totalMs: 120_000, totalBytes: 1024 ** 3 }

/** Far more than any client sends ahead. Each may be one that is waited with for a minute, at no cost for its sender. */
const MAX_UNDER_WAY = 100

/** Connections beyond the limit that are told so before they are closed; further ones are closed at once. */
const MAX_LINGERING = 32

type GuardDeps = {
  unreadable: ErrorAnswers['unreadable']
  noteExceeded: (limit: ExceededLimit) => void
  maxConnections: number
}

/**
 * Answers what is no HTTP, did not come in time, or is one connection too many, as a problem, and closes its connection. Returns
 * the function that has to be told of each request: while one is under way, the answer would be taken for that one's. It says
 * whether the request may be answered: a connection on which too many are sent ahead is closed.
 */
export function guardConnections(
  server: Server,
  { unreadable, noteExceeded, maxConnections }: GuardDeps,
): (incoming: IncomingMessage, outgoing: ServerResponse) => boolean {
  const underWay = new WeakMap<Duplex, Set<ServerResponse>>()
  /** Connections without a request, the one that has been so for the longest first. */
  const resting = new Set<Duplex>()
  let open = 0

  const refused = new WeakSet<Duplex>()

  const refuse = (socket: Duplex, code: ProblemCode, detail: string): void => {
    // Node tells it again of all that the caller still sends.
    if (refused.has(socket)) return
    refused.add(socket)
    if (!socket.writable || !isFree(underWay.get(socket) ?? new Set())) return void socket.destroy()
    socket.end(answerText(unreadable(code, detail)))
    if (socket instanceof Socket) linger(socket)
  }
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const [code, detail] = causeOf(error)
    refuse(socket, code, detail)
  })
  server.on('connect', (_incoming, socket) => {
    socket.on('error', () => {})
    refuse(socket, 'invalid_input', 'No tunnel is opened here.')
  })

  if (Number.isFinite(maxConnections)) server.maxConnections = maxConnections + MAX_LINGERING
  server.on('drop', () => noteExceeded('connections'))
  server.on('connection', (socket) => {
    open += 1
    resting.add(socket)
    socket.once('close', () => {
      open -= 1
      resting.delete(socket)
    })
    if (open <= maxConnections) return
    noteExceeded('connections')
    const [longestIdle = socket] = resting
    resting.delete(longestIdle)
    // An idle connection gives way, so that idle callers can't keep a webhook out.
    if (longestIdle === socket)
      refuse(socket, 'overloaded', 'Too many connections are open. Try again later.')
    else longestIdle.destroy()
  })

  const follow = (socket: Duplex): Set<ServerResponse> => {
    const answers = new Set<ServerResponse>()
    underWay.set(socket, answers)
    socket.once('close', () => {
      for (const outgoing of answers) endUnsent(outgoing)
    })
    return answers
  }

  return (incoming, outgoing) => {
    const { socket } = incoming
    if (!socket.writable || refused.has(socket)) {
      // Node still reads what came with the request for which it was closed. To abort each later, it would format a stack.
      incoming.destroy()
      return false
    }
    const answers = underWay.get(socket) ?? follow(socket)
    if (answers.size === 0) resting.delete(socket)
    answers.add(outgoing)
    outgoing.once('close', () => {
      answers.delete(outgoing)
      if (!incoming.complete) discardRest(incoming)
      if (answers.size === 0 && !socket.destroyed) resting.add(socket)
    })
    if (answers.size <= MAX_UNDER_WAY) return true
    noteExceeded('requests on one connection')
    socket.destroy()
    return false
  }
}

type Head = OutgoingHttpHeaders | OutgoingHttpHeader[]

/** Ends the connection of a request that is answered while a large body still comes, but doesn't reset it. */
export class EarlyResponse extends ServerResponse {
  override writeHead(status: number, message?: string | Head, headers?: Head): this {
    const { req } = this
    if (!req.complete && isLarge(req)) {
      this.shouldKeepAlive = false
      // Node calls it after the last response of a connection.
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

/** The rest of a smaller body is soon there, and its connection can serve the next request. */
function isLarge({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 65_536
}

/** Reads and discards the rest of a request body after the response was sent. */
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

/** Closes the connection where too little comes, or too much. Returns a function that leaves it open. */
function linger(socket: Socket): () => void {
  const first = socket.bytesRead
  let last = first
  let steps = LINGER.totalMs / LINGER.stepMs
  const timer = setInterval(() => {
    steps -= 1
    const { bytesRead } = socket
    const isSlow = bytesRead - last < LINGER.stepBytes
    if (isSlow || steps === 0 || bytesRead - first > LINGER.totalBytes) socket.destroy()
    last = bytesRead
  }, LINGER.stepMs).unref()
  const stop = () => {
    clearInterval(timer)
    socket.off('close', stop)
  }
  socket.once('close', stop)
  return stop
}

/** That the connection has gone Node tells the answer whose turn it is alone: those behind it would be worked on for ever. */
function endUnsent(outgoing: ServerResponse): void {
  if (outgoing.socket !== null) return
  outgoing.destroy()
  outgoing.emit('close')
}

/** Nothing is under way, or just the request that turned out to be broken. */
function isFree(underWay: ReadonlySet<ServerResponse>): boolean {
  return [...underWay].every(
    (outgoing) => underWay.size === 1 && !outgoing.req.complete && !outgoing.headersSent,
  )
}

/** https://nodejs.org/docs/latest-v20.x/api/http.html#event-clienterror */
function causeOf(error: NodeJS.ErrnoException): [ProblemCode, string] {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['request_timeout', 'The head of the request did not come in time.']
    case 'HPE_HEADER_OVERFLOW':
      return ['headers_too_large', 'The head of the request is larger than 16 KiB.']
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return ['payload_too_large', 'The extensions of the chunks are too large.']
    default:
      return ['invalid_input', 'What was sent is not HTTP/1.1.']
  }
}

function answerText({ status, headers, body }: ReturnType<ErrorAnswers['unreadable']>): string {
  const lines = Object.entries({
    ...headersObject(headers),
    'Content-Length': Buffer.byteLength(body),
    Date: new Date().toUTCString(),
    Connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`
}
