// How many webhooks a second are acknowledged after they are on disk, and how many status questions are answered: the built
// service and its caller in one process each, on loopback. Every acknowledged delivery is looked up afterwards.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Agent, request } from 'undici'

const CONNECTIONS = 64
const DELIVERIES = 20_000
const QUESTIONS = 40_000
const ROUNDS = 3

const directory = mkdtempSync(join(tmpdir(), 'tracker-bench-'))
const env = {
  ...process.env,
  PORT: '0',
  DATABASE_URL: `file:${join(directory, 'tracker.db')}`,
  IMAGEKIT_PRIVATE_KEY: 'unused',
  LOG_LEVEL: 'info',
}
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const service = fork(main, ['serve'], { env, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
const url = await new Promise((resolve) => {
  service.stdout.on('data', (chunk) => {
    const listening = /"url":"(http:[^"]+)","msg":"listening"/.exec(chunk.toString())
    if (listening) resolve(listening[1])
  })
})
const dispatcher = new Agent({ connections: CONNECTIONS, pipelining: 1 })

try {
  for (let round = 1; round <= ROUNDS; round += 1) {
    const submissions = await times(DELIVERIES, register)
    const ingest = await timed(DELIVERIES, (index) => deliver(submissions[index], index))
    const missing = await countMissing(submissions)
    const status = await timed(QUESTIONS, (index) => ask(submissions[index % 100]))
    console.log(
      `round ${round}: ${ingest} durable acks/s, ${missing} of ${DELIVERIES} missing; ${status} status answers/s`,
    )
    if (missing > 0) process.exitCode = 1
  }
} finally {
  service.kill('SIGTERM')
  await once(service, 'exit')
  rmSync(directory, { recursive: true })
}

async function register(index) {
  const fileId = `file-${process.hrtime.bigint()}-${index}`
  const body = JSON.stringify({ fileId, extensions: [{ name: 'remove-bg' }] })
  const { json } = await call('POST', `${url}/submissions`, body)
  return { fileId, webhookUrl: json.webhookUrl }
}

async function deliver({ fileId, webhookUrl }, index) {
  const fileObject = { fileId, name: `${index}.png`, url: 'https://example.com/'.padEnd(1000, 'x') }
  const body = JSON.stringify({ service: 'remove-bg', status: 'SUCCESS', fileObject })
  const { status } = await call('POST', webhookUrl, body)
  if (status !== 200) throw new Error(`a webhook was answered ${status}`)
}

async function ask({ fileId }) {
  const { json } = await call('GET', `${url}/assets/${fileId}/status`)
  return json.status
}

async function countMissing(submissions) {
  const statuses = await times(submissions.length, (index) => ask(submissions[index]))
  return statuses.filter((status) => status !== 'success').length
}

async function call(method, address, body) {
  const answer = await request(address, { method, body, dispatcher })
  return { status: answer.statusCode, json: await answer.body.json() }
}

/** Runs `work` so many times, as many at once as there are connections. */
async function times(count, work) {
  const results = new Array(count)
  let next = 0
  const worker = async () => {
    for (let index = next++; index < count; index = next++) results[index] = await work(index)
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, worker))
  return results
}

async function timed(count, work) {
  const startedAt = performance.now()
  await times(count, work)
  return Math.round((count / (performance.now() - startedAt)) * 1000)
}
