import ImageKit, { BadRequestError } from '@imagekit/nodejs'
import { expect, test } from 'vitest'
import { createTestDatabase, databaseEnv } from '../support/database.ts'
import { startMisbehavingImagekit } from '../support/misbehaving-imagekit.ts'
import { runServe } from '../support/program.ts'
import { ADMIN_KEY, API_KEY, startTrackerAndSandbox } from '../support/tracker.ts'

test.for([10, 1000])(
  'a Buffer of %i bytes is rejected with the advice to wrap it in toFile',
  async (bytes) => {
    const { tracker, sandbox } = await startTrackerAndSandbox()
    const client = new ImageKit({ privateKey: API_KEY, baseURL: tracker.url })
    // @ts-expect-error The SDK's types forbid a Buffer, but a caller in JavaScript can pass one.
    const upload = client.files.upload({ file: Buffer.alloc(bytes, 'x'), fileName: 'x.txt' })
    await expect(upload).rejects.toSatisfy(
      (error) => error instanceof BadRequestError && error.message.includes('await toFile(buffer, name)'),
    )
    expect(sandbox.uploads()).toEqual([])
  },
)

/** Starts the service in its own process, so that it can respond while the caller is still sending. */
async function startInOwnProcess(): Promise<string> {
  const imagekit = await startMisbehavingImagekit()
  const { url } = await runServe({
    IMAGEKIT_PRIVATE_KEY: 'any',
    IMAGEKIT_UPLOAD_URL: imagekit.url,
    TRACKER_API_KEY: API_KEY,
    TRACKER_ADMIN_KEY: ADMIN_KEY,
    ...databaseEnv(await createTestDatabase()),
  })
  return url
}

// 16,938 bytes is the size of a small image, docs/images/mug.png.
test.for([16_938, 40_000])(
  'a Buffer of %i bytes is rejected with the advice to wrap it in toFile, even while the SDK is still sending',
  // The SDK sends each byte as its own part: up to 4 MB in total.
  { timeout: 120_000 },
  async (bytes) => {
    const client = new ImageKit({ privateKey: API_KEY, baseURL: await startInOwnProcess(), maxRetries: 0 })
    const form = { file: Buffer.alloc(bytes, 'xyz'), fileName: 'x.txt' }
    // @ts-expect-error The SDK's types forbid a Buffer, but a caller in JavaScript can pass one.
    await expect(client.files.upload(form)).rejects.toSatisfy(
      (error) => error instanceof BadRequestError && error.message.includes('await toFile(buffer, name)'),
    )
  },
)

test('a wrong key gets 401 while 200 MB are being sent', { timeout: 60_000 }, async () => {
  const url = await startInOwnProcess()
  const response = await fetch(`${url}/api/v1/files/upload`, {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa('wrong:')}` },
    body: new Blob([Buffer.alloc(200_000_000)]),
  })
  expect(response.status).toBe(401)
  expect(response.headers.get('connection')).toBe('close')
})
