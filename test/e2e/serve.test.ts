import { request } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createSandbox } from '../../src/sandbox/sandbox.ts'
import { startMisbehavingImagekit } from '../support/misbehaving-imagekit.ts'
import { createPausableDelay } from '../support/pausable-delay.ts'
import { runProgram, runServe } from '../support/program.ts'
import { temporaryDirectory } from '../support/tracker.ts'

/** Starts an ImageKit that accepts uploads and reports remove-bg as failed. `uploadStarted` resolves once an upload has begun to arrive. */
async function startUploadTarget() {
  const imagekit = await startMisbehavingImagekit(async (call) => {
    const body = { fileId: 'file-1', name: 'slow.txt', extensionStatus: { 'remove-bg': 'failed' } }
    if (await call.readToEnd()) call.respond(200, body)
  })
  return {
    env: { IMAGEKIT_PRIVATE_KEY: 'any', IMAGEKIT_UPLOAD_URL: imagekit.url },
    uploadStarted: () => expect.poll(() => imagekit.calls.length).toBe(1),
  }
}

/** Starts an upload and sends its first half; `finish` sends the second. */
function beginUpload(url: string) {
  const boundary = 'slow'
  const part = (name: string, value: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  const upload = request(`${url}/api/v1/files/upload`, {
    method: 'POST',
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  })
  const response = new Promise<{ status: number; fileId: string }>((resolve, reject) => {
    upload.once('error', reject)
    upload.once('response', async (incoming) => {
      let body = ''
      for await (const chunk of incoming) body += chunk
      resolve({ status: incoming.statusCode ?? 0, ...JSON.parse(body) })
    })
  })
  upload.write(part('fileName', 'slow.txt') + part('extensions', '[{"name":"remove-bg"}]'))
  upload.write(
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="slow.txt"\r\n\r\nfirst half, `,
  )
  return {
    response,
    finish: () => upload.end(`second half\r\n--${boundary}--\r\n`),
  }
}

/** Waits until the service refuses connections, which is the first step of its shutdown. */
const waitUntilRefusing = ({ url }: { url: string }) =>
  expect
    .poll(() => fetch(`${url}/healthz`).then(String, (error: Error) => String(error.cause)), { interval: 5 })
    .toContain('ECONNREFUSED')

test('an upload in flight finishes after SIGTERM, and its status survives a restart', async () => {
  const imagekit = await startUploadTarget()
  const env = { ...imagekit.env, DATABASE_URL: `file:${join(temporaryDirectory(), 'tracker.db')}` }
  const first = await runServe(env)
  const upload = beginUpload(first.url)
  await imagekit.uploadStarted()
  first.process.kill('SIGTERM')
  await waitUntilRefusing(first)
  upload.finish()
  const { status, fileId } = await upload.response
  expect(status).toBe(200)
  expect(await first.exited).toBe(0)

  const second = await runServe(env)
  const response = await fetch(`${second.url}/assets/${fileId}/status`)
  expect(await response.json()).toMatchObject({
    status: 'failed',
    extensionStatus: { 'remove-bg': 'failed' },
  })
  second.process.kill('SIGTERM')
  expect(await second.exited).toBe(0)
})

test('after SIGTERM waiting clients get a response, streams end, an upload finishes, and the process exits within 10 seconds', async () => {
  const imagekit = await startUploadTarget()
  const database = `file:${join(temporaryDirectory(), 'tracker.db')}`
  const service = await runServe({ ...imagekit.env, DATABASE_URL: database })
  const registered = await fetch(`${service.url}/submissions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"fileId":"file-2","extensions":[{"name":"remove-bg"}]}',
  })
  const { statusUrl } = (await registered.json()) as { statusUrl: string }
  const waiting = fetch(`${statusUrl}&wait=60`)
  const events = await fetch(statusUrl.replace('/status', '/events'))
  const upload = beginUpload(service.url)
  await imagekit.uploadStarted()
  // The waiting request was sent earlier, so it has arrived once a later request has a response.
  await fetch(`${service.url}/healthz`)

  const startedAt = performance.now()
  service.process.kill('SIGTERM')
  const response = await waiting
  expect([response.status, await response.json()]).toMatchObject([200, { status: 'pending' }])
  expect(await events.text()).toContain('event: status')
  expect(service.process.exitCode).toBeNull()
  upload.finish()
  expect(await upload.response).toMatchObject({ status: 200, fileId: 'file-1' })
  expect(await service.exited).toBe(0)
  expect(performance.now() - startedAt).toBeLessThan(10_000)
})

test('a webhook that fails because the service is down is applied when ImageKit retries it', async () => {
  const sandboxWork = createPausableDelay()
  sandboxWork.pause()
  const directory = temporaryDirectory()
  const sandbox = createSandbox({ directory, port: 0, webhookRetryMs: 50, delay: sandboxWork.delay })
  const { url } = await sandbox.start()
  onTestFinished(() => sandbox.stop())
  const env = {
    IMAGEKIT_PRIVATE_KEY: 'any',
    IMAGEKIT_UPLOAD_URL: url,
    DATABASE_URL: `file:${join(temporaryDirectory(), 'tracker.db')}`,
  }
  const first = await runServe(env)
  const { port } = new URL(first.url)
  const form = new FormData()
  form.set('file', new Blob(['content']), 'a.txt')
  form.set('fileName', 'a.txt')
  form.set('extensions', '[{"name":"remove-bg"}]')
  const uploaded = await fetch(`${first.url}/api/v1/files/upload`, { method: 'POST', body: form })
  const { fileId } = (await uploaded.json()) as { fileId: string }
  first.process.kill('SIGKILL')
  await first.exited
  sandboxWork.resume()
  await expect.poll(() => sandbox.deliveries()[0]?.attempts[0]).toMatchObject({ statusCode: null })

  const second = await runServe({ ...env, PORT: port })
  const response = await fetch(`${second.url}/assets/${fileId}/status?wait=15`)
  expect(await response.json()).toMatchObject({
    status: 'success',
    extensionStatus: { 'remove-bg': 'success' },
  })
})

test('serve exits with 2 for an invalid configuration and reports all of its problems, without the value of a key', async () => {
  const program = runProgram(['serve'], { PORT: 'many', TRACKER_API_KEY: 'tooshort', LOG_LEVEL: 'loud' })
  expect(await program.exited).toBe(2)
  for (const name of ['PORT', 'TRACKER_API_KEY', 'LOG_LEVEL', 'IMAGEKIT_PRIVATE_KEY'])
    expect(program.output()).toContain(name)
  expect(program.output()).not.toContain('tooshort')
})

test('a second serve or migrate on the same file exits with 2 and the reason', async () => {
  const env = {
    IMAGEKIT_PRIVATE_KEY: 'any',
    DATABASE_URL: `file:${join(temporaryDirectory(), 'tracker.db')}`,
  }
  await runServe(env)
  for (const command of ['serve', 'migrate']) {
    const second = runProgram([command], { PORT: '0', ...env })
    expect(await second.exited).toBe(2)
    expect(second.output()).toMatch(/another process/i)
  }
})

test('a second SIGTERM during the shutdown ends the process at once, with exit code 1', async () => {
  const imagekit = await startUploadTarget()
  const service = await runServe({
    ...imagekit.env,
    DATABASE_URL: `file:${join(temporaryDirectory(), 'tracker.db')}`,
  })
  const upload = beginUpload(service.url)
  upload.response.catch(() => {})
  await imagekit.uploadStarted()
  service.process.kill('SIGTERM')
  // Two signals that arrive before the process handles the first count as one.
  await waitUntilRefusing(service)
  service.process.kill('SIGTERM')
  expect(await service.exited).toBe(1)
  await expect(upload.response).rejects.toThrow()
})
