import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { installWithout } from '../support/installation.ts'
import { startMisbehavingImagekit, UNREACHABLE_URL } from '../support/misbehaving-imagekit.ts'
import { runProgram, runServe } from '../support/program.ts'
import { startReceiver } from '../support/receiver.ts'
import { startTraceReceiver, type TraceReceiver } from '../support/trace-receiver.ts'
import { ADMIN_KEY, API_KEY, IMAGEKIT_KEY, temporaryDirectory } from '../support/tracker.ts'

const LISTENING = /"url":"(http:[^"]+)","msg":"listening"/
const CALLER_TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const CALLER_SPAN = '00f067aa0ba902b7'
const CALLER_HEADERS = {
  authorization: `Bearer ${API_KEY}`,
  traceparent: `00-${CALLER_TRACE}-${CALLER_SPAN}-01`,
  tracestate: 'caller=its-state',
  'x-request-id': 'request-of-the-caller',
}
const [SERVER, CLIENT] = [2, 3]

const serveEnv = () => ({
  PORT: '0',
  DATABASE_URL: `file:${join(temporaryDirectory(), 'tracker.db')}`,
  IMAGEKIT_PRIVATE_KEY: IMAGEKIT_KEY,
  TRACKER_API_KEY: `app:${API_KEY}`,
  TRACKER_ADMIN_KEY: `operator:${ADMIN_KEY}`,
  ALLOW_PRIVATE_TARGETS: 'true',
})

/** Starts an ImageKit that accepts an upload whose extension is pending. `webhookUrl` is the address that it was given. */
async function startImagekit() {
  let webhookUrl = ''
  const imagekit = await startMisbehavingImagekit(async (call) => {
    const form = await call.read(() => call.hasWholeForm)
    webhookUrl = /name="webhookUrl"\r\n\r\n(\S+)/.exec(form)?.[1] ?? ''
    call.respond(200, { fileId: 'file-1', name: 'a.txt', extensionStatus: { 'remove-bg': 'pending' } })
  })
  return { ...imagekit, webhookUrl: () => webhookUrl }
}

function uploadTo(url: string, headers: { [name: string]: string }, webhookUrl: string): Promise<Response> {
  const form = new FormData()
  form.append('file', new Blob(['hello']), 'a.txt')
  form.append('fileName', 'a.txt')
  form.append('extensions', '[{"name":"remove-bg"}]')
  form.append('webhookUrl', webhookUrl)
  return fetch(`${url}/api/v1/files/upload`, { method: 'POST', body: form, headers })
}

/** The variables are in `.env`. Spans are exported only when the service stops. */
function directoryWithTracing({ url }: Pick<TraceReceiver, 'url'>): string {
  const cwd = temporaryDirectory()
  const lines = [
    `OTEL_EXPORTER_OTLP_ENDPOINT=${url}`,
    'OTEL_EXPORTER_OTLP_PROTOCOL=http/json',
    'OTEL_BSP_SCHEDULE_DELAY=600000',
    'OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=test',
  ]
  writeFileSync(join(cwd, '.env'), lines.join('\n'))
  return cwd
}

test('a trace leads from the caller through the upload to ImageKit and to the notification, webhooks have their own, and no span contains a secret', {
  timeout: 60_000,
}, async () => {
  const traces = await startTraceReceiver()
  const imagekit = await startImagekit()
  const caller = await startReceiver()
  const env = { ...serveEnv(), IMAGEKIT_UPLOAD_URL: imagekit.url }
  const program = runProgram(['serve'], env, { cwd: directoryWithTracing(traces) })
  const [, url = ''] = await program.printed(LISTENING)

  const uploaded = await uploadTo(url, CALLER_HEADERS, `${caller.url}/secret-path?secret-query`)
  expect(uploaded.status).toBe(200)
  const statusUrl = /<([^>]+)>; rel="status"/.exec(uploaded.headers.get('link') ?? '')?.[1] ?? ''
  const delivery = JSON.stringify({
    service: 'remove-bg',
    status: 'SUCCESS',
    fileObject: { fileId: 'file-1' },
  })
  const delivered = await fetch(imagekit.webhookUrl(), { method: 'POST', body: delivery })
  expect(await delivered.json()).toEqual({ outcome: 'applied' })
  expect((await fetch(statusUrl)).status).toBe(200)
  const token = imagekit.webhookUrl().split('/').at(-1) ?? ''
  expect((await fetch(`${url}/webhooks/misspelt/${token}?${token}`, { method: 'POST' })).status).toBe(404)
  await expect.poll(() => caller.requests.length).toBe(1)
  await program.printed(/notification delivered/)
  const forged = await fetch(`${url}/webhooks/extension/forged`, { method: 'POST', body: delivery })
  expect(forged.status).toBe(401)
  // This line counts all rejected deliveries of some time, so it belongs to no trace.
  await program.printed(/"event":"delivery.rejected"/)
  expect(traces.spans()).toEqual([])
  program.process.kill('SIGTERM')
  expect(await program.exited).toBe(0)

  const spans = traces.spans()
  const find = (name: string, kind: number) => {
    const found = spans.filter((span) => span.name === name && span.kind === kind)
    expect(found.length, name).toBeGreaterThan(0)
    return found[0]
  }
  const upload = find('POST /api/v1/files/upload', SERVER)
  expect(upload).toMatchObject({
    traceId: CALLER_TRACE,
    parentSpanId: CALLER_SPAN,
    traceState: 'caller=its-state',
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/api/v1/files/upload',
      'url.path': '/api/v1/files/upload',
      'http.response.status_code': 200,
    },
  })
  const toImagekit = find('POST imagekit', CLIENT)
  expect(toImagekit).toMatchObject({
    traceId: CALLER_TRACE,
    parentSpanId: upload?.spanId,
    attributes: {
      'http.request.method': 'POST',
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(imagekit.url).port),
      'url.full': `${imagekit.url}/api/v1/files/upload`,
      'http.response.status_code': 200,
    },
  })
  expect(imagekit.calls[0]?.headers).toMatchObject({
    traceparent: `00-${CALLER_TRACE}-${toImagekit?.spanId}-01`,
    tracestate: 'caller=its-state',
  })
  for (const name of ['store createSubmission', 'store applyResponse'])
    expect(find(name, 1)).toMatchObject({ traceId: CALLER_TRACE, parentSpanId: upload?.spanId })

  const webhook = find('POST /webhooks/extension/:token', SERVER)
  expect(webhook?.parentSpanId ?? '').toBe('')
  expect(webhook?.traceId).not.toBe(CALLER_TRACE)
  expect(webhook?.attributes).toMatchObject({ 'url.path': '/webhooks/extension/REDACTED' })
  expect(find('store recordDelivery', 1)).toMatchObject({ parentSpanId: webhook?.spanId })

  const notification = find('POST notification', CLIENT)
  expect(notification).toMatchObject({ traceId: CALLER_TRACE, parentSpanId: upload?.spanId })
  expect(caller.requests[0]?.headers['traceparent']).toBe(`00-${CALLER_TRACE}-${notification?.spanId}-01`)
  expect(find('GET /assets/:fileId/status', SERVER)?.attributes).toMatchObject({
    'url.path': '/assets/file-1/status',
  })

  expect(traces.resource()).toMatchObject({
    'service.name': 'imagekit-extension-tracker',
    'service.version': '0.1.0',
    'deployment.environment.name': 'test',
  })
  const exported = traces.receiver.requests
    .map(({ headers, body }) => JSON.stringify(headers) + body)
    .join('\n')
  const statusToken = new URL(statusUrl).searchParams.get('token') ?? ''
  const basic = Buffer.from(`${IMAGEKIT_KEY}:`).toString('base64')
  for (const secret of [
    token,
    statusToken,
    API_KEY,
    ADMIN_KEY,
    IMAGEKIT_KEY,
    basic,
    'secret-path',
    'secret-query',
  ]) {
    expect(secret.length).toBeGreaterThan(8)
    expect(exported).not.toContain(secret)
  }

  const lines = program
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
  expect(lines.find(({ event }) => event === 'upload.accepted')).toMatchObject({
    requestId: 'request-of-the-caller',
    trace_id: CALLER_TRACE,
    span_id: upload?.spanId,
  })
  expect(lines.find(({ event }) => event === 'delivery.recorded')).toMatchObject({
    trace_id: webhook?.traceId,
  })
})

test("an upload that the caller's trace does not sample is not exported, and ImageKit gets the same trace, not sampled", {
  timeout: 60_000,
}, async () => {
  const traces = await startTraceReceiver()
  const imagekit = await startImagekit()
  const env = { ...serveEnv(), IMAGEKIT_UPLOAD_URL: imagekit.url }
  const program = runProgram(['serve'], env, { cwd: directoryWithTracing(traces) })
  const [, url = ''] = await program.printed(LISTENING)
  const headers = { ...CALLER_HEADERS, traceparent: `00-${CALLER_TRACE}-${CALLER_SPAN}-00` }
  expect((await uploadTo(url, headers, 'http://127.0.0.1/')).status).toBe(200)
  expect(imagekit.calls[0]?.headers['traceparent']).toMatch(
    new RegExp(`^00-${CALLER_TRACE}-[0-9a-f]{16}-00$`),
  )
  program.process.kill('SIGTERM')
  expect(await program.exited).toBe(0)
  expect(traces.spans()).toEqual([])
})

test('without OTEL_ variables, and with OTEL_SDK_DISABLED, no trace headers are sent to ImageKit', {
  timeout: 60_000,
}, async () => {
  for (const variables of [{}, { OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'true' }]) {
    const imagekit = await startImagekit()
    const { url } = await runServe({ ...serveEnv(), IMAGEKIT_UPLOAD_URL: imagekit.url, ...variables })
    expect((await uploadTo(url, CALLER_HEADERS, 'http://127.0.0.1/')).status).toBe(200)
    expect(Object.keys(imagekit.calls[0]?.headers ?? {})).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^trace/)]),
    )
  }
})

test('by default, traces are exported as protobuf', { timeout: 60_000 }, async () => {
  const receiver = await startReceiver()
  const { url } = await runServe({
    ...serveEnv(),
    OTEL_EXPORTER_OTLP_ENDPOINT: new URL(receiver.url).origin,
    OTEL_BSP_SCHEDULE_DELAY: '10',
  })
  await fetch(`${url}/healthz`)
  await expect.poll(() => receiver.requests.length).toBeGreaterThan(0)
  const [request] = receiver.requests
  expect(request).toMatchObject({ path: '/v1/traces', headers: { 'content-type': 'application/x-protobuf' } })
  expect(request?.body).toContain('GET /healthz')
})

test('if the traces can not be exported, one warning is logged, and the service works and stops', {
  timeout: 60_000,
}, async () => {
  const variables = {
    OTEL_EXPORTER_OTLP_ENDPOINT: UNREACHABLE_URL,
    OTEL_EXPORTER_OTLP_TIMEOUT: '100',
    OTEL_BSP_SCHEDULE_DELAY: '10',
  }
  const program = await runServe({ ...serveEnv(), ...variables })
  expect((await fetch(`${program.url}/healthz`)).status).toBe(200)
  await program.printed(/"event":"tracing.failed"/)
  expect((await fetch(`${program.url}/healthz`)).status).toBe(200)
  program.process.kill('SIGTERM')
  expect(await program.exited).toBe(0)
  expect(program.output().match(/"msg":"traces could not be exported"/g)).toHaveLength(1)
})

test('without the OpenTelemetry packages, the service runs, but with tracing serve prints how to install them and exits with 2', {
  timeout: 60_000,
}, async () => {
  const main = installWithout(['@opentelemetry'])
  const { url } = await runServe(serveEnv(), { main })
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  const program = runProgram(['serve'], { ...serveEnv(), OTEL_TRACES_EXPORTER: 'otlp' }, { main })
  expect(await program.exited).toBe(2)
  expect(program.output()).toContain(
    "Traces are enabled by OTEL_… variables, but need optional packages that can't be loaded:\n  @opentelemetry/api: not installed\n",
  )
  expect(program.output()).toMatch(
    /^Install them with: npm install @opentelemetry\/api@1\.9 .*exporter-trace-otlp-proto@0\.\d+$/m,
  )
})
