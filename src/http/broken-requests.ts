import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ErrorAnswers } from './error-answers.ts'
import { headersObject } from './plain-answer.ts'
import type { ProblemCode } from './problems.ts'

/** Closed at once a connection would be reset where the caller still sends, and the answer be lost. */
export const LINGER_MS = 500

/** Far more than any client sends ahead. Each may be one that is waited with for a minute, at no cost for its sender. */
const MAX_UNDER_WAY = 100

/**
 * Answers what is no HTTP, or did not come in time, as a problem, and closes its connection. Returns the function that has to be
 * told of each request: while one is under way, the answer would be taken for that one's. It says whether the request may be
 * answered: a connection on which too many are sent ahead is closed.
 */
export function answerBrokenRequests(
  server: Server,
  unreadable: ErrorAnswers['unreadable'],
): (incoming: IncomingMessage, outgoing: ServerResponse) => boolean {
  const underWay = new WeakMap<Duplex, Set<ServerResponse>>()

  const refused = new WeakSet<Duplex>()

  const refuse = (socket: Duplex, code: ProblemCode, detail: string): void => {
    // Node tells it again of all that the caller still sends.
    if (refused.has(socket)) return
    refused.add(socket)
    if (!socket.writable || !isFree(underWay.get(socket) ?? new Set())) return void socket.destroy()
    socket.end(answerText(unreadable(code, detail)))
    const linger = setTimeout(() => socket.destroy(), LINGER_MS).unref()
    socket.once('close', () => clearTimeout(linger))
  }
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const [code, detail] = causeOf(error)
    refuse(socket, code, detail)
  })
  server.on('connect', (_incoming, socket) => {
    socket.on('error', () => {})
    refuse(socket, 'invalid_input', 'No tunnel is opened here.')
  })

  const follow = (socket: Duplex): Set<ServerResponse> => {
    const answers = new Set<ServerResponse>()
    underWay.set(socket, answers)
    socket.once('close', () => {
      for (const outgoing of answers) endUnsent(outgoing)
    })
    return answers
  }

  return ({ socket }, outgoing) => {
    const answers = underWay.get(socket) ?? follow(socket)
    answers.add(outgoing)
    outgoing.once('close', () => answers.delete(outgoing))
    if (answers.size <= MAX_UNDER_WAY) return true
    socket.destroy()
    return false
  }
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
