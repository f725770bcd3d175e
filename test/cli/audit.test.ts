import { execFile } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { join, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { NOBODYS_URL } from '../support/broken-imagekit.ts'
import { startListening } from '../support/listening.ts'
import { temporaryDirectory } from '../support/tracker.ts'

const run = promisify(execFile)

/** What the gate prints and how it ends, with a registry of the test's own. */
async function audit(registry: string): Promise<{ code: number; output: string; result: string }> {
  const { PATH = '' } = process.env
  const env = { PATH, HOME: temporaryDirectory(), npm_config_registry: registry }
  // The audit of the checks that this test is a part of keeps its result in the project.
  const cwd = temporaryDirectory()
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(file, join(cwd, file))
  const script = resolve('test/support/audit.mjs')
  const done = run(process.execPath, [script], { env, cwd })
  const { stdout, code } = await done.then(
    (ended) => ({ ...ended, code: 0 }),
    (failed: { stdout: string; code: number }) => failed,
  )
  const { stdout: result } = await run(process.execPath, [script, '--result'], { env, cwd })
  return { code, output: stdout, result }
}

async function startRegistry(answer: RequestListener): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    asked.push(`${request.url} ${body.length === 0 ? '' : gunzipSync(body).toString()}`)
    answer(request, response)
  })
  return { url: `${await startListening(server)}/`, asked }
}

function startTelling(advisories: object) {
  return startRegistry((request, response) => {
    const isQuestion = request.method === 'POST'
    response.writeHead(isQuestion ? 200 : 404, { 'content-type': 'application/json' })
    response.end(isQuestion ? JSON.stringify(advisories) : '{}')
  })
}

function advisory(severity: string) {
  return [
    {
      id: 1,
      url: 'https://example.org/1',
      title: 'A hole',
      severity,
      vulnerable_versions: '*',
      cwe: [],
      cvss: { score: 0 },
    },
  ]
}

test('The audit fails where something we ship has a high hole', async () => {
  const { url, asked } = await startTelling({ hono: advisory('high') })
  const { code, output } = await audit(url)
  expect(output).toContain('audit: high: hono: A hole')
  expect(code).toBe(1)
  expect(asked.join()).toContain('"hono"')
  expect(asked.join()).not.toContain('"vitest"')
})

test('The audit tells of lesser holes and lets them pass', async () => {
  const { url } = await startTelling({ hono: advisory('moderate') })
  const { code, output, result } = await audit(url)
  expect(output).toContain('audit: moderate: hono: A hole')
  expect(output).toMatch(/^audit: 0 critical, 0 high, [1-9]/m)
  expect(result).toMatch(/^known vulnerabilities: 0 critical, 0 high, [1-9]/)
  expect(code).toBe(0)
})

test('A registry that does not take the question makes the result not known, without its name', async () => {
  const { url } = await startRegistry((_request, response) => response.writeHead(405).end())
  expect(await audit(url)).toEqual({
    code: 0,
    output: 'audit: not known: the registry answered 405 when it was asked\n',
    result: 'known vulnerabilities: not known: the registry answered 405 when it was asked\n',
  })
})

test('A registry that nobody reaches makes the result not known, without its name', async () => {
  expect(await audit(NOBODYS_URL)).toEqual({
    code: 0,
    output: 'audit: not known: the registry could not be asked (ECONNREFUSED)\n',
    result: 'known vulnerabilities: not known: the registry could not be asked (ECONNREFUSED)\n',
  })
})

test.each(['<h1>Sign in</h1>', '', '"ok"'])(
  'A registry that answers %j makes the result not known',
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
