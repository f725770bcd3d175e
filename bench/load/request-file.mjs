import { closeSync, openSync, writeSync } from 'node:fs'

const AT_ONCE = 2_000

/** Writes requests one after another; each has to be as long as the first. */
export function writeRequests(path, count, requestOf) {
  const bytes = requestOf(0).length
  const file = openSync(path, 'w')
  try {
    for (let from = 0; from < count; from += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, each) =>
        requestOf(from + each),
      )
      if (some.some(({ length }) => length !== bytes)) throw new Error('requests of a file have one length')
      writeSync(file, Buffer.concat(some))
    }
  } finally {
    closeSync(file)
  }
  return { path, bytes, count }
}

export function getRequest(path, headers = {}) {
  return requestText(`GET ${path}`, headers, '')
}

export function postRequest(path, headers, body) {
  const typed = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), ...headers }
  return requestText(`POST ${path}`, typed, body)
}

/** Any loopback name will do for `Host`: the port is not known yet. */
function requestText(start, headers, body) {
  const lines = Object.entries({ Host: '127.0.0.1', ...headers }).map(([name, value]) => `${name}: ${value}`)
  return Buffer.from(`${start} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}
