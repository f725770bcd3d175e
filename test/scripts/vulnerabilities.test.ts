import { execFile } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { join, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { startListening } from '../support/listening.ts'
import { UNREACHABLE_URL } from '../support/misbehaving-imagekit.ts'
import { temporaryDirectory } from '../support/tracker.ts'

const run = promisify(execFile)

/** Runs scripts/vulnerabilities.mjs against a registry. Returns its exit code, its output, and the saved result. */
async function audit(registry: string): Promise<{ code: number; output: string; result: string }> {
  const { PATH = '' } = process.env
  const env = { PATH, HOME: temporaryDirectory(), npm_config_registry: registry }
  // Not the project's folder: there, `npm run check`, which runs this test, keeps the result of its own audit.
  const cwd = temporaryDirectory()
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(file, join(cwd, file))
  const script = resolve('scripts/vulnerabilities.mjs')
  const { stdout, code } = await run(process.execPath, [script], { env, cwd }).then(
    (succeeded) => ({ ...succeeded, code: 0 }),
    (failed: { stdout: string; code: number }) => failed,
  )
  const { stdout: result } = await run(process.execPath, [script, '--result'], { env, cwd })
  return { code, output: stdout, result }
}

/** Starts an npm registry. `requests`: the path and body of each request. */
async function startRegistry(respond: RequestListener): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = []
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    requests.push(`${request.url} ${body.length === 0 ? '' : gunzipSync(body).toString()}`)
    respond(request, response)
  })
  return { url: `${await startListening(server)}/`, requests }
}

/** Starts a registry that responds to an audit with these advisories, by package. */
function startRegistryWith(advisories: object) {
  return startRegistry((request, response) => {
    const isAudit = request.method === 'POST'
    response.writeHead(isAudit ? 200 : 404, { 'content-type': 'application/json' })
    response.end(isAudit ? JSON.stringify(advisories) : '{}')
  })
}

function advisory(severity: string) {
  return [
    {
      id: 1,
      url: 'https://example.org/1',
      title: 'A vulnerability',
      severity,
      vulnerable_versions: '*',
      cwe: [],
      cvss: { score: 0 },
    },
  ]
}

test('the audit covers only production dependencies, and fails if one has a vulnerability of high severity', async () => {
  const { url, requests } = await startRegistryWith({ hono: advisory('high') })
  const { code, output } = await audit(url)
  expect(output).toContain('audit: high: hono: A vulnerability')
  expect(code).toBe(1)
  expect(requests.join()).toContain('"hono"')
  expect(requests.join()).not.toContain('"vitest"')
})

test('the audit reports less severe vulnerabilities and passes', async () => {
  const { url } = await startRegistryWith({ hono: advisory('moderate') })
  const { code, output, result } = await audit(url)
  expect(output).toContain('audit: moderate: hono: A vulnerability')
  // Packages that depend on hono may count as vulnerable, too.
  expect(output).toMatch(/^audit: 0 critical, 0 high, [1-9]/m)
  expect(result).toMatch(/^known vulnerabilities: 0 critical, 0 high, [1-9]/)
  expect(code).toBe(0)
})

test('if the registry rejects the request, the result is "not known" and does not contain the address of the registry', async () => {
  const { url } = await startRegistry((_request, response) => response.writeHead(405).end())
  expect(await audit(url)).toEqual({
    code: 0,
    output: 'audit: not known: the registry responded with 405\n',
    result: 'known vulnerabilities: not known: the registry responded with 405\n',
  })
})

test('if the registry is unreachable, the result is "not known" and does not contain the address of the registry', async () => {
  expect(await audit(UNREACHABLE_URL)).toEqual({
    code: 0,
    output: 'audit: not known: the request failed (ECONNREFUSED)\n',
    result: 'known vulnerabilities: not known: the request failed (ECONNREFUSED)\n',
  })
})

test.each(['<h1>Sign in</h1>', '', '"ok"'])(
  'if the registry responds with %j, the result is "not known" and the audit passes',
  async (body) => {
    const { url } = await startRegistry((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(body)
    })
    expect(await audit(url)).toMatchObject({
      code: 0,
      result: expect.stringMatching(/^known vulnerabilities: not known: /),
    })
  },
)
