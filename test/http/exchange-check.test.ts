import { expect, test } from 'vitest'
import { z } from 'zod'
import { describeApi } from '../../src/http/openapi.ts'
import { createExchangeCheck, type Exchange } from '../support/check-exchange.ts'
import { startTracker } from '../support/tracker.ts'

/*
 * The check that every test's exchanges with a tracker pass. Each row changes one thing in an exchange that is described.
 */

const RUN = {
  runId: 'run_1_a',
  name: 'remove-bg',
  status: 'failed',
  source: 'webhook',
  attempt: 1,
  submissionId: 'sub_1_a',
  requestedAt: '2026-03-01T12:00:00.000Z',
  settledAt: '2026-03-01T12:00:02.000Z',
  error: null,
}

const STATUS = {
  fileId: 'file',
  status: 'failed',
  extensionStatus: { 'remove-bg': 'failed' },
  extensions: [RUN],
  updatedAt: '2026-03-01T12:00:02.000Z',
}

const SUBMISSION = {
  submissionId: 'sub_1_a',
  kind: 'upload',
  state: 'rejected',
  fileId: null,
  statusUrl: 'https://tracker.example/submissions/sub_1_a?token=t',
  eventsUrl: 'https://tracker.example/submissions/sub_1_a/events?token=t',
  extensions: [],
  error: { code: 'rejected', message: 'No.', status: 400 },
}

const PROBLEM = {
  type: 'https://tracker.example/problems/not_found',
  code: 'not_found',
  title: 'Not found',
  status: 404,
  detail: 'Unknown fileId.',
  requestId: 'r',
}

type Sent = { method: string; target: string; status: number; type: string; headers: string[]; body: unknown }

const OF_ASSET: Sent = {
  method: 'GET',
  target: '/assets/file/status?wait=1',
  status: 200,
  type: 'application/json',
  headers: ['content-type', 'etag', 'x-request-id'],
  body: STATUS,
}

const OF_SUBMISSION: Sent = { ...OF_ASSET, target: '/submissions/sub_1_a', body: SUBMISSION }

/** No response has an object that may be null and has no id of its own yet. */
const WITH_NULLABLE = {
  id: 'getNullable',
  summary: 'Get an object that may be null',
  method: 'GET',
  path: '/nullable',
  auth: 'none',
  responses: { 200: z.object({ inner: z.object({ a: z.string() }).nullable() }) },
} as const

const OF_NULLABLE: Sent = {
  ...OF_ASSET,
  target: '/nullable',
  headers: ['x-request-id'],
  body: { inner: { a: 'a' } },
}

const EVENTS: Sent = {
  ...OF_ASSET,
  target: '/assets/file/events',
  type: 'text/event-stream',
  headers: ['x-request-id'],
  body: `event: status\nid: "1"\ndata: ${JSON.stringify(STATUS)}\n\n:\n\n`,
}

const OF_PROBLEM: Sent = {
  ...OF_ASSET,
  status: 404,
  type: 'application/problem+json',
  headers: ['x-request-id'],
  body: PROBLEM,
}

async function createCheck() {
  const { service } = await startTracker()
  const operations = [...service.operations, WITH_NULLABLE]
  const document = describeApi(operations, { publicUrl: 'https://tracker.example', version: '0' })
  const check = createExchangeCheck(document)
  return ({ body, type, headers, ...sent }: Sent) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const exchange: Exchange = {
      ...sent,
      requestType: '',
      requestBody: Buffer.alloc(0),
      responseType: type,
      responseHeaders: new Set(headers),
      responseBody: Buffer.from(body === null ? '' : text),
    }
    return check(exchange)
  }
}

test('exchanges that are described pass', async () => {
  const check = await createCheck()
  for (const described of [OF_ASSET, OF_SUBMISSION, OF_NULLABLE, EVENTS, OF_PROBLEM])
    expect(check(described)).toBeUndefined()
  const preflight = { ...OF_ASSET, method: 'OPTIONS', status: 204, type: '', body: null }
  expect(check(preflight)).toBeUndefined()
  expect(check({ ...OF_ASSET, target: '/admin/runs', type: 'text/html', body: '<p>' })).toBeUndefined()
})

test.each<[string, Sent, string]>([
  ['a path', { ...OF_ASSET, target: '/assets/file/other' }, 'the path is not described'],
  ['a path beside the pages', { ...OF_ASSET, target: '/administrators' }, 'the path is not described'],
  ['a method', { ...OF_ASSET, method: 'PUT' }, 'the method is not described'],
  [
    'a method with an empty response',
    { ...OF_ASSET, method: 'DELETE', status: 204, body: null },
    'the method is not described',
  ],
  ['a status', { ...OF_ASSET, status: 202 }, 'the status is not described'],
  ['the status of an error', { ...OF_PROBLEM, status: 409 }, 'the status is not described'],
  ['a header', { ...OF_ASSET, headers: [...OF_ASSET.headers, 'x-other'] }, 'the header x-other'],
  ['no request id', { ...OF_ASSET, headers: [] }, 'X-Request-Id is missing'],
  ['a media type', { ...OF_ASSET, type: 'text/plain' }, 'the media type text/plain'],
  ['a query parameter', { ...OF_ASSET, target: '/assets/file/status?wait=x' }, 'the query parameter wait'],
  ['a field', { ...OF_ASSET, body: { ...STATUS, other: 1 } }, 'additional properties'],
  [
    'a field of a run',
    { ...OF_ASSET, body: { ...STATUS, extensions: [{ ...RUN, other: 1 }] } },
    'additional',
  ],
  [
    'a field of an object that may be null',
    { ...OF_NULLABLE, body: { inner: { a: 'a', other: 1 } } },
    'additional properties',
  ],
  [
    'a field of an error of a submission',
    { ...OF_SUBMISSION, body: { ...SUBMISSION, error: { ...SUBMISSION.error, other: 1 } } },
    'additional properties',
  ],
  ['a field of a problem', { ...OF_PROBLEM, body: { ...PROBLEM, other: 1 } }, 'additional properties'],
  ['a missing field', { ...OF_ASSET, body: { ...STATUS, status: undefined } }, 'required'],
  ['a value', { ...OF_ASSET, body: { ...STATUS, status: 'done' } }, 'one of the allowed values'],
  [
    'a field of an event',
    { ...EVENTS, body: `data: ${JSON.stringify({ ...STATUS, other: 1 })}\n\n` },
    'additional properties',
  ],
])('%s that is not described is reported', async (_, sent, fault) => {
  const check = await createCheck()
  expect(check(sent)).toContain(fault)
})
