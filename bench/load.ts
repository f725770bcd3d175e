// Sends requests to a server: with a well-known load generator, on its own core if possible, or single ones from this process.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Agent, request } from 'undici'
import { isInstalled, onCore } from './machine.ts'
import type { Headers, RequestFile } from './requests.ts'

type Counts = {
  sent: number
  responses: number
  /** Responses with an error status. */
  rejected: number
  /** Connection errors and timeouts. */
  broken: number
  seconds: number
  /** The median latency, in microseconds. */
  p50: number
  /** In microseconds. */
  p99: number
  /** The highest latency, in microseconds. */
  max: number
}

/**
 * `acknowledged`: responses without an error status; `rate`: these per second. Every `stride`th request of the file was sent,
 * from number `first` on.
 */
export type Load = Counts & { first: number; stride: number; acknowledged: number; rate: number }

const HAS_WRK = isInstalled('wrk')
const WRK_SCRIPT = fileURLToPath(new URL('../bench/wrk.lua', import.meta.url))
const AUTOCANNON = fileURLToPath(new URL('autocannon.js', import.meta.url))
const execFileAsync = promisify(execFile)

export function describeGenerator(): string {
  return HAS_WRK ? 'wrk, one thread' : 'autocannon (wrk is not installed)'
}

/**
 * Sends every `stride`th request from number `first` on for `seconds` whole seconds. After the end of the file, it starts again with
 * number 0.
 */
export async function generateLoad(
  url: string,
  requests: RequestFile,
  {
    connections,
    seconds,
    first = 0,
    stride = 1,
  }: { connections: number; seconds: number; first?: number; stride?: number },
): Promise<Load> {
  const wrk = ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '60s', '-s', WRK_SCRIPT, url]
  const autocannon = [process.execPath, AUTOCANNON, url, String(connections), String(seconds)]
  const [program = '', ...args] = onCore(1, HAS_WRK ? wrk : autocannon)
  const env = {
    ...process.env,
    REQUESTS: requests.path,
    REQUEST_BYTES: String(requests.bytes),
    FIRST_REQUEST: String(first),
    STRIDE: String(stride),
  }
  const { stdout } = await execFileAsync(program, args, { env })
  const [, json] = /RESULT (\{.*\})/.exec(stdout) ?? []
  if (json === undefined) throw new Error(`the load generator printed no result:\n${stdout}`)
  const counts: Counts = JSON.parse(json)
  const acknowledged = counts.responses - counts.rejected
  return { ...counts, first, stride, acknowledged, rate: acknowledged / counts.seconds }
}

/** Loads several servers at once. They share the connections, and get the requests in turn. */
export function generateLoads(
  urls: readonly string[],
  requests: RequestFile,
  { connections, seconds, first = 0 }: { connections: number; seconds: number; first?: number },
): Promise<Load[]> {
  const stride = urls.length
  return Promise.all(
    urls.map((url, index) =>
      generateLoad(url, requests, {
        connections: connections / stride,
        seconds,
        first: first + index,
        stride,
      }),
    ),
  )
}

/** A request number after all that were sent. */
export function numberAfter(loads: readonly Load[]): number {
  return Math.max(...loads.map(({ first, stride, sent }) => first + stride * sent))
}

/**
 * The state of a connection that the client has closed and the server has not, so the server may not have read everything.
 * https://docs.kernel.org/networking/proc_net_tcp.html
 */
const CLOSE_WAIT = '08'
const READ_TIMEOUT_MS = 60_000
const POLL_MS = 20
/** How long a server may need to process what it has read last. Longer on a system that doesn't report unread data. */
const SETTLING_MS = process.platform === 'linux' ? 200 : 2_000

/**
 * Resolves once a server has read everything that the generator sent, or after a minute. If the server were stopped earlier,
 * deliveries that it never read would count as lost.
 */
export async function waitUntilRead(url: string): Promise<void> {
  const port = Number(new URL(url).port)
  const giveUpAt = Date.now() + READ_TIMEOUT_MS
  while (hasUnread(port) && Date.now() < giveUpAt) await sleep(POLL_MS)
  await sleep(SETTLING_MS)
}

function hasUnread(port: number): boolean {
  if (process.platform !== 'linux') return false
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)
  return lines.some((line) => {
    const [, address = '', , state] = line.trim().split(/\s+/)
    return address.endsWith(local) && state === CLOSE_WAIT
  })
}

const dispatcher = new Agent({ connections: 64, pipelining: 1 })

export async function get(url: string, headers: Headers = {}): Promise<{ status: number; text: string }> {
  const response = await request(url, { headers, dispatcher })
  return { status: response.statusCode, text: await response.body.text() }
}

/** Resolves with the HTTP status. */
export async function post(url: string, headers: Headers, body: string): Promise<number> {
  const response = await request(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body,
    dispatcher,
  })
  await response.body.dump()
  return response.statusCode
}

/** Does `work` for each number below `count`, `concurrency` of them at a time. */
export async function inParallel(
  count: number,
  concurrency: number,
  work: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const worker = async () => {
    for (let index = next++; index < count; index = next++) await work(index)
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}
