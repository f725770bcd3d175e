// Files of prepared requests, which the load generators send unchanged.
import { closeSync, openSync, writeSync } from 'node:fs'

/** `count` requests of `bytes` bytes each. */
export type RequestFile = { path: string; bytes: number; count: number }

export type Headers = { [name: string]: string }

const BATCH_SIZE = 2_000

/** Writes requests one after another. All must have the same length. */
export function writeRequests(
  path: string,
  count: number,
  requestAt: (index: number) => Buffer,
): RequestFile {
  const bytes = requestAt(0).length
  const file = openSync(path, 'w')
  try {
    for (let from = 0; from < count; from += BATCH_SIZE) {
      const length = Math.min(BATCH_SIZE, count - from)
      const batch = Array.from({ length }, (_, index) => requestAt(from + index))
      if (batch.some((request) => request.length !== bytes))
        throw new Error('the requests of a file must have the same length')
      writeSync(file, Buffer.concat(batch))
    }
  } finally {
    closeSync(file)
  }
  return { path, bytes, count }
}

export function buildGetRequest(path: string, headers: Headers = {}): Buffer {
  return buildRequest(`GET ${path}`, headers, '')
}

export function buildPostRequest(path: string, headers: Headers, body: string): Buffer {
  const length = String(Buffer.byteLength(body))
  return buildRequest(
    `POST ${path}`,
    { 'Content-Type': 'application/json', 'Content-Length': length, ...headers },
    body,
  )
}

/** `Host` has no port, because the server's port is not known yet. The servers accept a loopback address without one. */
function buildRequest(requestLine: string, headers: Headers, body: string): Buffer {
  const lines = Object.entries({ Host: '127.0.0.1', ...headers }).map(([name, value]) => `${name}: ${value}`)
  return Buffer.from(`${requestLine} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}
