import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { runProgram } from '../support/program.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DOCUMENT = readFileSync(`${ROOT}/docs/embedding.md`, 'utf8')
const PROGRAMS = [...DOCUMENT.matchAll(/^```js\n\/\/ (\w+\.mjs)\n(.*?)^```$/gms)].map(
  ([, name = '', code = '']) => [name, code] as const,
)

/** Loaded before a program: prints the port on which it listens. */
const PRINT_PORT = `data:text/javascript,${encodeURIComponent(`
  import { Server } from 'node:net'
  const { listen } = Server.prototype
  Server.prototype.listen = function (...args) {
    this.once('listening', () => console.log('port', this.address().port))
    return listen.apply(this, args)
  }`)}`

test('there is a program for each framework', () => {
  expect(PROGRAMS.map(([name]) => name)).toEqual(['http.mjs', 'express.mjs', 'fastify.mjs', 'hono.mjs'])
})

test.each(PROGRAMS)(
  'docs/embedding.md: %s serves the tracker and the rest of the application, and ends on SIGTERM',
  async (_, code) => {
    const env = {
      PORT: '0',
      PUBLIC_URL: 'http://localhost:3000/tracker',
      IMAGEKIT_PRIVATE_KEY: 'private_sandbox',
      DATABASE_URL: (await createTestDatabase()).url,
      LOG_LEVEL: 'error',
    }
    const args = ['--input-type=module', '--eval', code]
    const program = runProgram([PRINT_PORT, ...args], env, { cwd: ROOT, main: '--import' })
    const [, port = ''] = await program.printed(/port (\d+)/)
    const url = `http://127.0.0.1:${port}`
    expect(await (await fetch(url)).text()).toBe('the rest of the application')
    expect((await fetch(`${url}/tracker/readyz`)).status).toBe(200)
    const registered = await fetch(`${url}/tracker/submissions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"extensions":[{"name":"remove-bg"}]}',
    })
    expect(registered.status).toBe(201)
    program.process.kill('SIGTERM')
    expect(await program.exited).toBe(0)
  },
)
