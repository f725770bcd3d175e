import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { findAnyFreePort } from '../../src/cli/free-port.ts'
import { startListening } from '../support/listening.ts'
import { runExample, startExample } from './run-example.ts'

/** Larger than what the frameworks read by default. */
const LARGE = new Blob([new Uint8Array(2 ** 21)])

const { directory, env: trackerEnv, sandboxUrl } = inject('examples')
const headers = { authorization: `Bearer ${trackerEnv['TRACKER_API_KEY']}` }

/** The environment of an app that contains a tracker, which uploads to the local ImageKit. */
async function appEnv(name: string): Promise<{ [name: string]: string }> {
  const port = await findAnyFreePort()
  return {
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}/tracker`,
    DATABASE_URL: `file:${join(directory, `${name}.db`)}`,
    IMAGEKIT_PRIVATE_KEY: 'private_sandbox',
    IMAGEKIT_UPLOAD_URL: sandboxUrl,
    IMAGEKIT_API_URL: sandboxUrl,
    TRACKER_ADMIN_KEY: 'admin-key-of-the-examples',
    TRACKER_TOKEN_SECRET: 'token-secret-of-the-examples-0123456789',
    LOG_LEVEL: 'silent',
    NEXT_TELEMETRY_DISABLED: '1',
  }
}

for (const name of ['express', 'fastify']) {
  test(`the example ${name} contains a tracker, which tracks an upload until it is final`, async () => {
    const env = await appEnv(name)
    const app = await startExample(name, [process.execPath, 'server.mjs'], { env })
    const registered = await expectTracker(env['PUBLIC_URL'] ?? '')
    // Only the tracker can end this request, because nothing of the submission becomes final.
    const stream = await fetch(registered.eventsUrl)
    await app.stop()
    await stream.text()
  })

  test(`the example ${name} ends with an error if its port is taken`, async () => {
    const env = await appEnv(`${name}-taken`)
    const server = createServer()
    await startListening(server)
    const { port } = server.address() as AddressInfo
    const { exitCode, stderr } = await runExample(name, [process.execPath, 'server.mjs'], {
      env: { ...env, PORT: String(port) },
    })
    expect(exitCode).toBe(1)
    expect(stderr).toContain('EADDRINUSE')
  })
}

test('the example nextjs contains a tracker, which tracks an upload until it is final', {
  timeout: 300_000,
}, async () => {
  // Started directly, because npm does not forward signals.
  const next = join(directory, 'node_modules/.bin/next')
  const env = await appEnv('nextjs')
  const built = await runExample('nextjs', [next, 'build'], { env })
  expect(built.exitCode, built.stdout + built.stderr).toBe(0)
  await startExample('nextjs', [next, 'start', '--hostname', '127.0.0.1'], { env })
  await expectTracker(env['PUBLIC_URL'] ?? '')
})

async function expectTracker(publicUrl: string): Promise<{ eventsUrl: string }> {
  const body = new FormData()
  body.set('file', LARGE, 'large.bin')
  body.set('fileName', 'large.bin')
  body.set('tags', 'sandbox:delay=10')
  body.set('extensions', JSON.stringify([{ name: 'ai-auto-description' }]))
  const uploaded = await fetch(`${publicUrl}/api/v1/files/upload`, { method: 'POST', headers, body })
  expect(uploaded.status).toBe(200)
  const [, statusUrl = ''] = /<([^>]+)>; rel="status"/.exec(uploaded.headers.get('link') ?? '') ?? []
  expect(statusUrl).toContain(`${publicUrl}/assets/`)
  const status = await fetch(`${statusUrl}&wait=20`)
  expect(await status.json()).toMatchObject({
    status: 'success',
    extensionStatus: { 'ai-auto-description': 'success' },
  })
  // The bodies of JSON are read by the tracker too, not by the app.
  const registered = await fetch(`${publicUrl}/submissions`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ extensions: [{ name: 'remove-bg' }] }),
  })
  expect(registered.status).toBe(201)
  // The app still has its own pages.
  expect(await (await fetch(new URL('/', publicUrl))).text()).toContain('This is the app.')
  return (await registered.json()) as { eventsUrl: string }
}
