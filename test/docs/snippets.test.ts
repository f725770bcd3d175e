import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import { startReceiver } from '../support/receiver.ts'
import { API_KEY, type RunningTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { statusOf } from '../support/webhooks.ts'
import { blocksOf, ROOT } from './pages.ts'

/** The code of the only block in this language that contains `text`. */
function codeBlock(page: string, language: string, text: string): string {
  const matching = blocksOf(page).filter(({ info, code }) => info === language && code.includes(text))
  expect(matching).toHaveLength(1)
  return matching[0]?.code ?? ''
}

async function run(program: string, args: readonly string[], env: { [name: string]: string }) {
  const { PATH = '', HOME = '' } = process.env
  return promisify(execFile)(program, args, { cwd: ROOT, env: { PATH, HOME, ...env } })
}

test('the documented EventSource opens the events of an upload', async () => {
  const { tracker } = await startTrackerAndSandbox()
  const example = [
    // In place of the real class, which Node.js may lack. It only prints the URL.
    'globalThis.EventSource = class extends EventTarget { constructor(url) { super(); console.log(`events of ${url}`) } }',
    `const response = { headers: new Headers(${JSON.stringify({ link: await linkOfUpload(tracker) })}) }`,
    codeBlock('docs/http-api.md', 'js', 'EventSource'),
  ].join('\n')
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', example], {})
  expect(stdout).toMatch(new RegExp(`^events of ${tracker.url}/assets/[\\da-f]{24}/events\\?token=`))
})

test('the documented way to send an Idempotency-Key with the older SDK works: an upload that is repeated is sent once', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox()
  const upload = `import ImageKit from 'imagekit'
    const { TRACKER_URL, TRACKER_API_KEY } = process.env
    const tracker = new ImageKit({ publicKey: 'public', privateKey: TRACKER_API_KEY, urlEndpoint: 'https://ik.imagekit.io/id',
      uploadEndpoint: TRACKER_URL + '/api/v1/files/upload' })
    for (const attempt of [1, 2]) console.log((await tracker.upload({ file: Buffer.from('hello'), fileName: 'a.txt' })).fileId)
    process.exit()`
  const script = `${codeBlock('docs/quick-start.md', 'js', 'interceptors')}\n${upload}`
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
    TRACKER_URL: tracker.url,
    TRACKER_API_KEY: API_KEY,
  })
  const [first, second] = stdout.trim().split('\n')
  expect(second).toBe(first)
  expect(sandbox.uploads()).toHaveLength(1)
})

test.each(['README.md', 'docs/http-api.md'])(
  '%s shows a status with exactly the fields that the service returns',
  async (page) => {
    const { tracker } = await startTrackerAndSandbox()
    const response = await tracker.fetch('/api/v1/files/upload', { method: 'POST', body: uploadForm() })
    const { fileId } = (await response.json()) as { fileId: string }
    const language = page === 'README.md' ? 'json' : 'jsonc'
    const shown = JSON.parse(codeBlock(page, language, '"extensionStatus"').replace(', …]', ']'))
    const status = await statusOf(tracker, fileId)
    expect(Object.keys(shown)).toEqual(Object.keys(status))
    expect(Object.keys(shown.extensions[0])).toEqual(Object.keys(status.extensions[0] ?? {}))
  },
)

test("the documented example verifies a notification sent to the caller's own webhookUrl", async () => {
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
    codeBlock('docs/http-api.md', 'js', "from 'standardwebhooks'"),
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
  const bytes = readFileSync(`${ROOT}docs/images/mug.png`)
  form.set('file', new Blob([bytes]), 'mug.png')
  form.set('fileName', 'mug.png')
  form.set('extensions', JSON.stringify([{ name: 'remove-bg' }]))
  return form
}

async function linkOfUpload(tracker: RunningTracker): Promise<string> {
  const response = await tracker.fetch('/api/v1/files/upload', { method: 'POST', body: uploadForm() })
  return response.headers.get('link') ?? ''
}
