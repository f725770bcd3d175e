import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import { startReceiver } from '../support/receiver.ts'
import { API_KEY, IMAGEKIT_KEY, startTrackerAndSandbox } from '../support/tracker.ts'
import { statusOf } from '../support/webhooks.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The code of the only fenced block in this language that contains `text`, in the README or another document. */
function codeBlock(language: string, text: string, document = 'README.md'): string {
  const blocks = [...readFileSync(`${ROOT}/${document}`, 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms)]
  const matching = blocks.filter(([, kind, code = '']) => kind === language && code.includes(text))
  expect(matching).toHaveLength(1)
  return matching[0]?.[2] ?? ''
}

async function run(program: string, args: readonly string[], env: { [name: string]: string }) {
  const { PATH = '', HOME = '' } = process.env
  return promisify(execFile)(program, args, { cwd: ROOT, env: { PATH, HOME, ...env } })
}

test("the README's SDK example uploads a file, reads it from ImageKit, and opens the stream of its events", async () => {
  const { tracker, sandbox, sandboxUrl } = await startTrackerAndSandbox()
  const example = [
    // In place of the real class, which Node.js may lack. It only prints the URL.
    'globalThis.EventSource = class extends EventTarget { constructor(url) { super(); console.log(`events of ${url}`) } }',
    codeBlock('js', '.withResponse()'),
    codeBlock('js', 'EventSource'),
  ].join('\n')
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', example], {
    TRACKER_URL: tracker.url,
    TRACKER_API_KEY: API_KEY,
    IMAGEKIT_PRIVATE_KEY: IMAGEKIT_KEY,
    // The example's second client has no `baseURL`. Then the SDK reads this variable, so its requests go to the sandbox.
    IMAGE_KIT_BASE_URL: sandboxUrl,
  })
  const [fileId = ''] = /\b[\da-f]{24}\b/.exec(stdout) ?? []
  expect(sandbox.uploads()).toMatchObject([{ parameters: { fileName: 'mug.png' } }])
  expect(stdout).toContain(`<${tracker.url}/assets/${fileId}/status?token=`)
  expect(stdout).toContain(`events of ${tracker.url}/assets/${fileId}/events?token=`)
  expect(stdout).toContain("type: 'file'")
  expect((await statusOf(tracker, fileId)).extensions).toHaveLength(2)
})

test('the documented way to send an Idempotency-Key with the older SDK works: an upload that is repeated is sent once', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox()
  const upload = `import ImageKit from 'imagekit'
    const { TRACKER_URL, TRACKER_API_KEY } = process.env
    const tracker = new ImageKit({ publicKey: 'public', privateKey: TRACKER_API_KEY, urlEndpoint: 'https://ik.imagekit.io/id',
      uploadEndpoint: TRACKER_URL + '/api/v1/files/upload' })
    for (const attempt of [1, 2]) console.log((await tracker.upload({ file: Buffer.from('hello'), fileName: 'a.txt' })).fileId)
    process.exit()`
  const script = `${codeBlock('js', 'interceptors', 'docs/sdk-6.md')}\n${upload}`
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
    TRACKER_URL: tracker.url,
    TRACKER_API_KEY: API_KEY,
  })
  const [first, second] = stdout.trim().split('\n')
  expect(second).toBe(first)
  expect(sandbox.uploads()).toHaveLength(1)
})

test("the README's curl example uploads a file and waits for its final status", async () => {
  const { tracker } = await startTrackerAndSandbox()
  const example = codeBlock('bash', 'curl')
  const { stdout } = await run('bash', ['-euc', example], {
    TRACKER_URL: tracker.url,
    TRACKER_API_KEY: API_KEY,
  })
  expect(JSON.parse(stdout)).toMatchObject({ status: 'success', extensionStatus: { 'remove-bg': 'success' } })
})

test('the README shows a status with exactly the fields that the service returns', async () => {
  const { tracker } = await startTrackerAndSandbox()
  const response = await tracker.fetch('/api/v1/files/upload', { method: 'POST', body: uploadForm() })
  const { fileId } = (await response.json()) as { fileId: string }
  const shown = JSON.parse(codeBlock('jsonc', '"extensionStatus"').replace(' …]', ']').replace('},]', '}]'))
  const status = await statusOf(tracker, fileId)
  expect(Object.keys(shown)).toEqual(Object.keys(status))
  expect(Object.keys(shown.extensions[0])).toEqual(Object.keys(status.extensions[0] ?? {}))
})

test("the README's example verifies a notification sent to the caller's own webhookUrl", async () => {
  const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`
  const { tracker } = await startTrackerAndSandbox({
    ALLOW_PRIVATE_TARGETS: 'true',
    TRACKER_WEBHOOK_SECRET: secret,
  })
  const receiver = await startReceiver()
  const form = uploadForm()
  form.set('webhookUrl', receiver.url)
  await tracker.fetch('/api/v1/files/upload', { method: 'POST', body: form })
  await vi.waitFor(() => expect(receiver.requests).toHaveLength(1), { timeout: 10_000 })
  const [request] = receiver.requests

  const script = [
    `const { rawBody, request } = ${JSON.stringify({ rawBody: request?.body, request })}`,
    codeBlock('js', "from 'standardwebhooks'"),
    'console.log(JSON.stringify(payload))',
  ].join('\n')
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
    TRACKER_WEBHOOK_SECRET: secret,
  })
  expect(JSON.parse(stdout)).toEqual({
    service: 'remove-bg',
    status: 'SUCCESS',
    fileObject: expect.any(Object),
  })
})

function uploadForm(): FormData {
  const form = new FormData()
  const bytes = readFileSync(`${ROOT}/docs/images/mug.png`)
  form.set('file', new Blob([bytes]), 'mug.png')
  form.set('fileName', 'mug.png')
  form.set('extensions', JSON.stringify([{ name: 'remove-bg' }]))
  return form
}
