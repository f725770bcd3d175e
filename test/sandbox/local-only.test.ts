import { createServer } from 'node:http'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { sandboxCommand } from '../../src/cli/sandbox.ts'
import { createSandbox } from '../../src/sandbox/sandbox.ts'
import { imageBytes, imageFile } from '../support/fixture-images.ts'
import { startListening } from '../support/listening.ts'
import { rawRequest } from '../support/raw-request.ts'
import { temporaryDirectory } from '../support/tracker.ts'
import { startSandbox, upload } from './support/running-sandbox.ts'

const statusFor = async (url: string, host: string, path = '/') =>
  (await rawRequest(url, { path, headers: { host } })).status

/** Starts a server at a private address, to which the sandbox does not connect by default. `paths`: the path of each request. */
async function startPrivateServer() {
  const paths: string[] = []
  const server = createServer((request, response) => {
    paths.push(request.url ?? '')
    response.end(imageBytes('shirt.png'))
  })
  return { url: await startListening(server), paths }
}

test('a Host header that is not a loopback host is rejected on every path', async () => {
  const { url } = await startSandbox()
  for (const host of ['evil.example', 'evil.example:3001', '192.168.1.7', '127.0.0.1.evil.example'])
    for (const path of ['/', '/v1/files', '/x.jpg', '/api/v1/files/upload'])
      expect(await statusFor(url, host, path), `${host} ${path}`).toBe(403)
  const { body } = await rawRequest(url, { headers: { host: 'evil.example' } })
  expect(JSON.parse(body)).toMatchObject({ message: expect.stringContaining('--allow-host evil.example') })
  for (const host of ['localhost', 'localhost:3001', '127.0.0.1:1', '[::1]:3001'])
    expect(await statusFor(url, host), host).not.toBe(403)
})

test('allowed hosts and the host of the public URL are accepted', async () => {
  const { url } = await startSandbox({
    allowedHosts: ['sandbox'],
    publicUrl: 'https://tunnel.example',
  })
  expect(await statusFor(url, 'sandbox:3001')).not.toBe(403)
  expect(await statusFor(url, 'tunnel.example')).not.toBe(403)
  expect(await statusFor(url, 'evil.example')).toBe(403)
})

test('the address that the sandbox listens on is accepted in the Host header, even if it is an IPv6 address', async () => {
  for (const host of ['192.0.2.7', '2001:db8::7']) {
    const { app } = createSandbox({ directory: temporaryDirectory(), host })
    const urlHost = host.includes(':') ? `[${host}]` : host
    expect((await app.request(`http://${urlHost}:3001/`)).status, host).not.toBe(403)
  }
})

test('a file URL at a private address is rejected without a connection, unless allowPrivateUrls is set', async () => {
  const privateServer = await startPrivateServer()
  const strict = await startSandbox()
  const { port } = new URL(privateServer.url)
  for (const host of [
    '127.0.0.1',
    'localhost',
    '[::1]',
    '[::ffff:127.0.0.1]',
    // 127.0.0.1 as one number.
    '2130706433',
    '169.254.169.254',
  ]) {
    const { status, body } = await upload(strict, { file: `http://${host}:${port}/secret.png` })
    expect(status, host).toBe(400)
    expect(body['message'], host).toContain('--allow-private-urls')
  }
  expect(privateServer.paths).toEqual([])

  const open = await startSandbox({ allowPrivateUrls: true })
  const { status, body } = await upload(open, { file: `${privateServer.url}/a.png`, fileName: 'a.png' })
  expect([status, body['size']]).toEqual([200, imageBytes('shirt.png').length])
  expect(privateServer.paths).toEqual(['/a.png'])
})

test('the sandbox downloads its own files from 127.0.0.1 and from localhost', async () => {
  const sandbox = await startSandbox()
  const first = await upload(sandbox, { file: imageFile('shirt.png'), fileName: 'shirt.png' })
  const url = new URL(String(first.body['url']))
  for (const hostname of ['127.0.0.1', 'localhost']) {
    url.hostname = hostname
    expect((await upload(sandbox, { file: url.href, fileName: 'copy.png' })).status).toBe(200)
  }
})

test('a redirect to a private address is not followed', async () => {
  const privateServer = await startPrivateServer()
  const publicUrl = await startListening(
    createServer((_request, response) =>
      response.writeHead(302, { location: `${privateServer.url}/secret` }).end(),
    ),
  )
  // A sandbox may download from its public URL, even if that is a private address.
  const sandbox = await startSandbox({ publicUrl })
  const { status, body } = await upload(sandbox, { file: `${publicUrl}/a.png` })
  expect(status).toBe(400)
  expect(body['message']).toContain('--allow-private-urls')
  expect(privateServer.paths).toEqual([])
})

test('--help lists --allow-host and --allow-private-urls', () => {
  const context = { env: {}, readText: () => '', stdout: new PassThrough(), stopRequested: async () => {} }
  expect(sandboxCommand(context).helpInformation()).toMatch(/--allow-host <name>[\s\S]*--allow-private-urls/)
})
