import { expect, test } from 'vitest'
import { imageFile } from '../support/fixture-images.ts'
import { startSandbox } from './support/running-sandbox.ts'

const ORIGIN = 'https://shop.example'

test.each(['v1', 'v2'])(
  'a page of another origin can upload with %s of the API, and read the response',
  async (version) => {
    const { url } = await startSandbox()
    const address = `${url}/api/${version}/files/upload`
    const body = new FormData()
    body.set('file', imageFile('shirt.png'))
    body.set('fileName', 'shirt.png')
    // Without a signature or token, so that ImageKit rejects the upload.
    const rejected = await fetch(address, { method: 'POST', headers: { origin: ORIGIN }, body })
    expect(rejected.status).toBeGreaterThanOrEqual(400)
    expect(rejected.headers.get('access-control-allow-origin')).toBe('*')

    const preflight = await fetch(address, {
      method: 'OPTIONS',
      headers: { origin: ORIGIN, 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST')
  },
)

test('a page of another origin can read nothing else', async () => {
  const { url } = await startSandbox()
  const response = await fetch(`${url}/v1/files`, { headers: { origin: ORIGIN } })
  expect(response.headers.has('access-control-allow-origin')).toBe(false)
})
