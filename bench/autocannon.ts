// Replaces wrk if that is not installed: `node autocannon.js URL CONNECTIONS SECONDS`. Like wrk with wrk.lua, it sends every
// STRIDEth request of the file REQUESTS, beginning with number FIRST_REQUEST, and prints a line `RESULT {…}`. Each request has
// REQUEST_BYTES bytes. These names are environment variables.
import { closeSync, openSync, readSync } from 'node:fs'
import autocannon from 'autocannon'

const [, , url = '', connections, seconds] = process.argv
const size = Number(process.env['REQUEST_BYTES'])
const stride = Number(process.env['STRIDE'])
const file = openSync(process.env['REQUESTS'] ?? '', 'r')
const record = Buffer.alloc(size)
let next = Number(process.env['FIRST_REQUEST'])
let sent = 0

const { latency, requests, errors, duration, ...counts } = await autocannon({
  url,
  connections: Number(connections),
  duration: Number(seconds),
  requests: [{ setupRequest: (request) => ({ ...request, ...readNext() }) }],
})
closeSync(file)
const micros = (ms: number) => Math.round(ms * 1000)
console.log(
  `RESULT ${JSON.stringify({
    sent,
    responses: requests.total,
    rejected: counts['4xx'] + counts['5xx'],
    // autocannon counts timeouts among the errors.
    broken: errors,
    seconds: duration,
    p50: micros(latency.p50),
    p99: micros(latency.p99),
    max: micros(latency.max),
  })}`,
)

function readNext() {
  if (readSync(file, record, 0, size, next * size) < size) {
    next = 0
    readSync(file, record, 0, size, 0)
  }
  next += stride
  sent += 1
  const [head = '', body = ''] = record.toString('utf8').split('\r\n\r\n')
  const [requestLine = '', ...headerLines] = head.split('\r\n')
  const [method = '', path = ''] = requestLine.split(' ')
  return { method, path, headers: Object.fromEntries(headerLines.map((line) => line.split(': '))), body }
}
