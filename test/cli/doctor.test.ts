import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { listRuns } from '../support/operator.ts'
import { createPausableDelay } from '../support/pausable-delay.ts'
import { ADMIN_KEY, API_KEY, IMAGEKIT_KEY, startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { deliver } from '../support/webhooks.ts'
import { listen, type Reply, startFakeTracker } from './fake-tracker.ts'
import { OPERATOR_ENV } from './operator-responses.ts'
import { type CliOptions, runCli } from './run-cli.ts'

type Check = { name: string; level: string; message: string; remedy: string | null }

/** Runs `doctor --json`. `named` finds a check by its name. */
async function runDoctor(env: CliOptions['env'] = {}, ...options: string[]) {
  const { exitCode, stdout, stderr } = await runCli(['doctor', '--json', ...options], { env })
  expect(stderr).toBe('')
  const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Check[] }
  expect(exitCode).toBe(ok ? 0 : 1)
  const named = (name: string) => checks.find((check) => check.name === name)
  return { ok, checks, named }
}

/**
 * Starts a fake tracker, and returns the environment with which `doctor` calls it. `publicUrl` returns the PUBLIC_URL that the
 * tracker reports, given the tracker's real URL. `more` overrides fields of its diagnostics, and `reply` parts of the HTTP response
 * that contains them, such as the headers.
 */
async function startWithDiagnostics(
  publicUrl: (ownUrl: string) => string,
  more: object = {},
  reply: object = {},
) {
  let ownUrl = ''
  const tracker = await startFakeTracker(({ url }): Reply => {
    const headers = { 'x-instance-id': 'instance-1' }
    if (url === '/healthz') return { status: 200, headers, body: { status: 'ok' } }
    const diagnostics = {
      instanceId: 'instance-1',
      publicUrl: publicUrl(ownUrl),
      version: '1.0.0',
      node: 'v20',
      now: new Date().toISOString(),
      checks: [],
    }
    return { status: 200, body: { ...diagnostics, ...more }, ...reply }
  })
  ownUrl = tracker.url
  return { TRACKER_URL: ownUrl, ...OPERATOR_ENV }
}

test('without problems every line says ok, and the exit code is 0', async () => {
  const { tracker, sandboxUrl } = await startTrackerAndSandbox({
    TRACKER_TOKEN_SECRET: 'token-secret-of-the-tests',
    TRACKER_WEBHOOK_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
  })
  const env = {
    TRACKER_URL: tracker.url,
    TRACKER_ADMIN_KEY: ADMIN_KEY,
    IMAGEKIT_PRIVATE_KEY: IMAGEKIT_KEY,
    IMAGEKIT_API_URL: sandboxUrl,
  }
  const { exitCode, stdout, stderr } = await runCli(['doctor'], { env })
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  const lines = stdout.trimEnd().split('\n')
  expect(lines.filter((line) => !line.startsWith('ok    '))).toEqual([])
  for (const name of ['configuration', 'service', 'clock', 'database', 'disk', 'ImageKit', 'reach'])
    expect(stdout).toMatch(new RegExp(`^ok    ${name} `, 'm'))
  expect(stdout).toContain(`${tracker.url} leads to this service`)
})

test('reports every configuration problem', async () => {
  // With this HOST, the keys and PUBLIC_URL are required.
  const { exitCode, stdout } = await runCli(['doctor'], {
    env: { PORT: 'many', HOST: '0.0.0.0', LOG_LEVEL: 'loud', TRACKER_API_KEY: 'tiny' },
  })
  const lines = stdout.split('\n')
  for (const name of [
    'PORT',
    'LOG_LEVEL',
    'TRACKER_API_KEY',
    'TRACKER_ADMIN_KEY',
    'PUBLIC_URL',
    'IMAGEKIT_PRIVATE_KEY',
  ])
    expect(lines.filter((line) => line.startsWith(`fail  configuration     ${name}`))).not.toEqual([])
  // No problem quotes a secret.
  expect(stdout).not.toContain('tiny')
  expect(exitCode).toBe(1)
})

test("reports an unreachable service, and with a client's environment no configuration problem", async () => {
  const { named } = await runDoctor({ TRACKER_URL: 'http://127.0.0.1:1', ...OPERATOR_ENV })
  expect(named('service')).toMatchObject({
    level: 'fail',
    message: expect.stringContaining('Nothing listens'),
    remedy: expect.stringContaining('Start the service'),
  })
  expect(named('configuration')).toMatchObject({
    level: 'ok',
    message: expect.stringContaining("client's"),
  })
})

test("prints the service's checks, and exits with 1 only if one fails", async () => {
  const withDisk = (level: string) => ({
    checks: [{ name: 'disk', level, message: 'little', remedy: 'Make room.' }],
  })
  const warned = await runCli(['doctor'], {
    env: await startWithDiagnostics((ownUrl) => ownUrl, withDisk('warn')),
  })
  expect(warned.stdout).toContain('warn  disk              little\n                        → Make room.\n')
  expect(warned.exitCode).toBe(0)
  const failed = await runCli(['doctor'], {
    env: await startWithDiagnostics((ownUrl) => ownUrl, withDisk('fail')),
  })
  expect(failed.stdout).toContain('fail  disk              little\n')
  expect(failed.exitCode).toBe(1)
})

test('escape sequences in checks are escaped, and a line break becomes a space', async () => {
  // Without escaping, the first message would clear the screen, and `ok    all` would look like another check.
  const checks = [{ name: 'disk', level: 'fail', message: 'a\u001b[2J\nok    all', remedy: '\u009b2J' }]
  const env = await startWithDiagnostics((ownUrl) => ownUrl, { checks })
  const { stdout } = await runCli(['doctor'], { env })
  expect(stdout).toContain('a\\u{1b}[2J ok    all\n')
  expect(stdout).toContain('→ \\u{9b}2J\n')
})

test.each([
  ['no key', {}],
  ['an unknown key', { TRACKER_ADMIN_KEY: 'another-key-0123456789' }],
  ['an API key', { TRACKER_API_KEY: API_KEY }],
])('with %s, doctor says that an admin key is required', async (_, keys) => {
  const tracker = await startTracker()
  const { named } = await runDoctor({ TRACKER_URL: tracker.url, ...keys })
  expect(named('service')).toMatchObject({
    level: 'fail',
    remedy: expect.stringContaining('TRACKER_ADMIN_KEY'),
  })
})

test.each([
  [404, {}],
  [200, { hello: 'world' }],
])('a server that responds %i %j is not an extension-tracker', async (status, body) => {
  const { url } = await startFakeTracker(() => ({ status, body }))
  const { named } = await runDoctor({ TRACKER_URL: url, ...OPERATOR_ENV })
  expect(named('service')).toMatchObject({
    level: 'fail',
    message: expect.stringContaining('not an extension-tracker'),
  })
})

test('reports a PUBLIC_URL that leads to another process, redirects or is unreachable', async () => {
  const reach = async (publicUrl: string) =>
    (await runDoctor(await startWithDiagnostics(() => publicUrl))).named('reach')
  expect((await runDoctor(await startWithDiagnostics((ownUrl) => ownUrl))).named('reach')).toMatchObject({
    level: 'ok',
  })
  const other = await startTracker()
  expect(await reach(other.url)).toMatchObject({
    level: 'fail',
    message: expect.stringMatching(/another server responds at .* \(200\)/),
  })
  const redirecting = await listen((_, response) => {
    response.writeHead(301, { location: 'https://elsewhere.example/' }).end()
  })
  expect(await reach(redirecting)).toMatchObject({
    level: 'fail',
    message: expect.stringContaining('redirects to https://elsewhere.example/'),
  })
  expect(await reach('http://127.0.0.1:1')).toMatchObject({
    level: 'fail',
    message: expect.stringContaining('is unreachable from here'),
  })
})

test("reports a clock that differs from the service's", async () => {
  const date = new Date(Date.now() - 60_000).toUTCString()
  const env = await startWithDiagnostics((ownUrl) => ownUrl, {}, { headers: { date } })
  expect((await runDoctor(env)).named('clock')).toMatchObject({
    level: 'warn',
    message: expect.stringMatching(/^(1 min( \d+ s)?|\d+ s) ahead of the service's$/),
    remedy: expect.stringContaining('NTP'),
  })
})

test('--live uploads a file, describes its webhook, and deletes the file', async () => {
  const { tracker, sandbox, sandboxUrl } = await startTrackerAndSandbox()
  const env = {
    TRACKER_URL: tracker.url,
    TRACKER_ADMIN_KEY: ADMIN_KEY,
    IMAGEKIT_PRIVATE_KEY: IMAGEKIT_KEY,
    IMAGEKIT_API_URL: sandboxUrl,
  }
  const { ok, named } = await runDoctor(env, '--live', '10')
  expect(ok).toBe(true)
  expect(sandbox.uploads()).toHaveLength(1)
  expect(sandbox.uploads()[0]?.parameters).toMatchObject({
    extensions: expect.stringMatching(/^\[\{"name":"aws-auto-tagging"[^{]*\}\]$/),
  })
  expect(named('live webhook')).toMatchObject({
    level: 'ok',
    message: expect.stringMatching(
      /is success after [\d.]+ s; its signature is absent; .*user-agent: ImageKit-Sandbox/,
    ),
  })
  expect(named('live clean-up')).toMatchObject({ level: 'ok' })
  expect(await filesOf(sandboxUrl)).toEqual([])
})

test('--live acknowledges the failure of its own run', async () => {
  const name = 'aws-auto-tagging'
  const imagekit = await startMisbehavingImagekit(async (call) => {
    if (!call.path.endsWith('/upload')) return call.respond(200, [])
    await call.readForm()
    call.respond(200, uploadedFile('file-1', { extensionStatus: { [name]: 'pending' } }))
    const error = { message: 'image too small' }
    await deliver(call.field('webhookUrl') ?? '', {
      service: name,
      status: 'FAILURE',
      fileId: 'file-1',
      error,
    })
  })
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url, IMAGEKIT_API_URL: imagekit.url })
  const { named } = await runDoctor(
    { TRACKER_URL: tracker.url, TRACKER_ADMIN_KEY: ADMIN_KEY },
    '--live',
    '10',
  )
  expect(named('live webhook')).toMatchObject({ level: 'ok', message: expect.stringContaining('is failed') })
  expect(await listRuns(tracker, '?acknowledged=false')).toEqual([])
})

test('--live without the private key does not delete the file, and says so', async () => {
  const { tracker, sandboxUrl } = await startTrackerAndSandbox()
  const { named } = await runDoctor(
    { TRACKER_URL: tracker.url, TRACKER_ADMIN_KEY: ADMIN_KEY },
    '--live',
    '10',
  )
  expect(named('live webhook')).toMatchObject({ level: 'ok' })
  const [file] = await filesOf(sandboxUrl)
  expect(named('live clean-up')).toMatchObject({
    level: 'warn',
    message: expect.stringContaining('IMAGEKIT_PRIVATE_KEY is not set'),
    remedy: expect.stringContaining(String(file?.fileId)),
  })
})

test('--live reports a webhook that does not arrive, and deletes the file anyway', async () => {
  const gate = createPausableDelay()
  gate.pause()
  const { tracker, sandboxUrl } = await startTrackerAndSandbox({}, {}, gate)
  const env = {
    TRACKER_URL: tracker.url,
    TRACKER_ADMIN_KEY: ADMIN_KEY,
    IMAGEKIT_PRIVATE_KEY: IMAGEKIT_KEY,
    IMAGEKIT_API_URL: sandboxUrl,
  }
  const { ok, named } = await runDoctor(env, '--live', '1')
  expect(ok).toBe(false)
  expect(named('live webhook')).toMatchObject({
    level: 'fail',
    message: expect.stringContaining('none arrived within'),
  })
  expect(named('live clean-up')).toMatchObject({ level: 'ok' })
  expect(await filesOf(sandboxUrl)).toEqual([])
})

test('--live stops at once on request, and deletes the file', async () => {
  const imagekit = await startMisbehavingImagekit((call) => call.respond(204, ''))
  let onStatusRequest = () => {}
  const statusRequested = new Promise<void>((resolve) => {
    onStatusRequest = resolve
  })
  let ownUrl = ''
  let onClose = () => {}
  const connectionClosed = new Promise<void>((resolve) => {
    onClose = resolve
  })
  ownUrl = await listen(async (incoming, response) => {
    await buffer(incoming)
    const send = (body: object) =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'x-instance-id': 'instance-1' })
        .end(JSON.stringify(body))
    if (incoming.url === '/healthz') return void send({ status: 'ok' })
    if (incoming.url === '/doctor')
      return void send({
        instanceId: 'instance-1',
        publicUrl: ownUrl,
        version: '1',
        node: 'v20',
        now: new Date().toISOString(),
        checks: [],
      })
    if (incoming.url === '/api/v1/files/upload') return void send({ fileId: 'file-1' })
    // The request for the status gets no response, as while a service waits for a webhook that does not arrive.
    response.on('close', onClose)
    onStatusRequest()
  })
  const { exitCode, stdout } = await runCli(['doctor', '--json', '--live', '600'], {
    env: {
      TRACKER_URL: ownUrl,
      ...OPERATOR_ENV,
      IMAGEKIT_PRIVATE_KEY: IMAGEKIT_KEY,
      IMAGEKIT_API_URL: imagekit.url,
    },
    stopRequested: () => statusRequested,
  })
  // An open connection would keep the process alive.
  await connectionClosed
  const { checks } = JSON.parse(stdout) as { checks: Check[] }
  expect(checks.slice(-2)).toMatchObject([
    { name: 'live webhook', level: 'fail', message: 'stopped before the webhook arrived' },
    { name: 'live clean-up', level: 'ok' },
  ])
  expect(imagekit.calls.map(({ path }) => path)).toEqual(['/v1/files/file-1'])
  expect(exitCode).toBe(1)
})

test('doctor uses the same address as stats', async () => {
  const requested: string[] = []
  const { url } = await startFakeTracker(({ url: path }) => {
    requested.push(path)
    return { status: 404, body: {} }
  })
  const { port } = new URL(url)
  for (const address of [
    { TRACKER_URL: url, PUBLIC_URL: 'http://127.0.0.1:1' },
    { PUBLIC_URL: url },
    { PORT: port },
  ]) {
    requested.length = 0
    await runCli(['stats'], { env: { ...address, ...OPERATOR_ENV } })
    await runCli(['doctor'], { env: { ...address, ...OPERATOR_ENV } })
    expect(requested, JSON.stringify(address)).toEqual(['/stats?window=24h', '/doctor'])
  }
})

async function filesOf(sandboxUrl: string): Promise<{ fileId: string }[]> {
  const authorization = `Basic ${btoa(`${IMAGEKIT_KEY}:`)}`
  const response = await fetch(`${sandboxUrl}/v1/files`, { headers: { authorization } })
  return (await response.json()) as { fileId: string }[]
}
