import { type IncomingMessage, request } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { formatId } from '../../src/domain/ids.ts'
import { OUTCOME } from '../../src/store/sql/codes.ts'
import { readRows } from '../support/database.ts'
import { startTracker } from '../support/tracker.ts'
import { register } from '../support/webhooks.ts'
import { createRandom, numberFor, reportFigures, SEED } from './chaos.ts'
import { drawFault, startTcpProxy } from './tcp-proxy.ts'

const WEBHOOKS = numberFor('FAULTY_WEBHOOKS', { short: 120, long: 5000 })
const AT_ONCE = 32
const TIMEOUT_MS = 1500
/** A connection's fault is somewhere in its first 8 requests or responses. The sizes are approximate averages, in bytes. */
const FAULT_RANGE = { messages: 8, sizes: { request: 3000, response: 250 } }

type SendResult = { attempts: number; responses: string[] }

/** What the database has about one submission. */
type Row = {
  /** The row number and the random bits in the submission's id. */
  n: number
  chk: string
  /** The status of its run. */
  status: string
  /** The number of its deliveries with the outcome `applied`. */
  applied: number
  /** The number of its deliveries with the outcome `duplicate`. */
  repeated: number
  /** The number of deliveries that the run refers to as the one that settled it. */
  settling: number
  /** The number of its deliveries whose stored body names the submission's file. */
  bodies: number
  /** The number of all its deliveries. */
  rows: number
}

/** One attempt; null if no complete response came. */
function post(url: string, body: string): Promise<{ status: number; body: string } | null> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const outgoing = request(url, { method: 'POST', headers })
    outgoing.setTimeout(TIMEOUT_MS, () => outgoing.destroy())
    outgoing.once('error', () => resolve(null))
    outgoing.once('response', async (response: IncomingMessage) => {
      const text = await readText(response).catch(() => null)
      resolve(text === null ? null : { status: response.statusCode ?? 0, body: text })
    })
    outgoing.end(body)
  })
}

/** Sends a webhook until it gets 200, as ImageKit does. */
async function sendUntilAcknowledged(url: string, body: string): Promise<SendResult> {
  const responses: string[] = []
  for (let attempts = 1; ; attempts += 1) {
    const response = await post(url, body)
    if (response === null) continue
    responses.push(`${response.status} ${response.body}`)
    if (response.status === 200) return { attempts, responses }
  }
}

test(`each of ${WEBHOOKS} webhooks through a faulty network settles its run once, and none is lost, seed ${SEED}`, {
  timeout: 30_000 + WEBHOOKS * 200,
}, async () => {
  const random = createRandom(SEED)
  const tracker = await startTracker()
  const proxy = await startTcpProxy(tracker.url, () => drawFault(random, FAULT_RANGE))
  const sendResults = new Map<string, SendResult>()
  let next = 0
  const worker = async () => {
    while (next < WEBHOOKS) {
      const fileId = `file-${next++}`
      const { submissionId, webhookUrl } = await register(tracker, ['remove-bg'], fileId)
      const fileObject = { fileId, description: 'x'.repeat(Math.floor(random() * 5000)) }
      const body = JSON.stringify({ service: 'remove-bg', status: 'SUCCESS', fileObject })
      sendResults.set(
        submissionId,
        await sendUntilAcknowledged(proxy.url + new URL(webhookUrl).pathname, body),
      )
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  await proxy.close()
  await tracker.service.stop()

  // The row of an applied delivery refers only to its run; the row of a duplicate refers to the submission.
  const rows = await readRows<Row>(
    tracker.database,
    `SELECT s.n, s.chk, r.status, sum(d.outcome = ${OUTCOME.to.applied}) AS applied,
       sum(d.outcome = ${OUTCOME.to.duplicate}) AS repeated, sum(d.n = r.settled_by) AS settling,
       sum(CAST(b.body AS TEXT) ->> '$.fileObject.fileId' = s.file_id) AS bodies, count(*) AS rows
     FROM submissions s JOIN runs r ON r.submission = s.n
     JOIN deliveries d ON coalesce(d.submission, (SELECT submission FROM runs WHERE n = d.run)) = s.n
     LEFT JOIN delivery_bodies b ON b.n = d.n GROUP BY s.n`,
  )
  expect(rows).toHaveLength(WEBHOOKS)
  let attempts = 0
  let repeated = 0
  for (const row of rows) {
    const sendResult = sendResults.get(formatId('sub', row.n, row.chk))
    attempts += sendResult?.attempts ?? 0
    repeated += row.repeated
    // One row for each attempt that arrived complete, with or without a response.
    expect(row).toMatchObject({ status: 'success', applied: 1, settling: 1, rows: 1 + row.repeated })
    expect(row.bodies).toBe(row.rows)
    expect(row.rows).toBeLessThanOrEqual(sendResult?.attempts ?? 0)
    // Even if the only response is `applied`, there may be duplicates: an attempt that the sender gave up may arrive later.
    // No other attempt got a complete response, not even an error.
    expect(sendResult?.responses).toHaveLength(1)
    expect(sendResult?.responses[0]).toMatch(
      row.repeated === 0 ? /^200 {"outcome":"applied"}$/ : /^200 {"outcome":"(applied|duplicate)"}$/,
    )
  }
  const faults = proxy.faults()
  reportFigures(
    `webhooks behind faults: ${WEBHOOKS} webhooks, seed ${SEED}, faults ${JSON.stringify(faults)}: ${attempts} attempts, ${WEBHOOKS} applied, ${repeated} duplicate, 0 lost`,
  )
  expect(repeated).toBeGreaterThan(0)
  // Some attempts did not arrive complete.
  expect(attempts).toBeGreaterThan(WEBHOOKS + repeated)
  for (const count of Object.values(faults)) expect(count).toBeGreaterThan(0)
})
