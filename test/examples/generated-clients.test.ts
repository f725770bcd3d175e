import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, inject, test } from 'vitest'
import { toOpenApi30 } from './openapi-30.ts'
import { fetchTracker, runExample, SHIRT, statusIn } from './run-example.ts'

const SUCCEEDED = { exitCode: 0, stderr: '' }

test('the types that openapi-typescript generates compile, and a client that uses them uploads a file', {
  timeout: 300_000,
}, async () => {
  const { directory, env } = inject('examples')
  const run = async (...command: [string, ...string[]]) => {
    const { exitCode, stdout, stderr } = await runExample('openapi-typescript', command)
    return { exitCode, output: stdout + stderr }
  }
  const tool = (name: string) => join(directory, 'node_modules/.bin', name)
  const description = `${env['TRACKER_URL']}/openapi.json`
  const generated = await run(tool('openapi-typescript'), description, '-o', 'tracker.ts')
  expect(generated.exitCode, generated.output).toBe(0)
  expect(await run(tool('tsc'))).toEqual({ exitCode: 0, output: '' })
  const uploaded = await run(process.execPath, 'upload.js', SHIRT)
  expect(uploaded.exitCode, uploaded.output).toBe(0)
  expect(await statusIn(uploaded.output)).toEqual({ 'remove-bg': 'success', 'aws-auto-tagging': 'success' })
})

const canGenerate =
  spawnSync('java', ['-version']).status === 0 &&
  spawnSync('python3', ['-c', 'import dateutil, six, urllib3']).status === 0

test.skipIf(!canGenerate && !process.env['CI'])(
  'the Python client that OpenAPI Generator generates compiles, and uploads a file',
  { timeout: 300_000 },
  async () => {
    const { directory } = inject('examples')
    mkdirSync(join(directory, 'python-client'))
    const description = (await (await fetchTracker('/openapi.json')).json()) as object
    writeFileSync(join(directory, 'python-client/openapi.json'), JSON.stringify(toOpenApi30(description)))
    copyFileSync(
      fileURLToPath(new URL('python-client.py', import.meta.url)),
      join(directory, 'python-client/upload.py'),
    )
    const run = (...command: [string, ...string[]]) => runExample('python-client', command)
    const jar = join(directory, 'node_modules/@openapitools/openapi-generator-cli/bin/openapi-generator.jar')
    const generate = ['generate', '-i', 'openapi.json', '-g', 'python', '-o', 'client']
    expect(await run('java', '-jar', jar, ...generate)).toMatchObject({ exitCode: 0 })
    expect(await run('python3', '-m', 'compileall', '-q', 'client')).toMatchObject(SUCCEEDED)
    const { stdout, ...result } = await run('python3', 'upload.py', SHIRT)
    expect(result).toEqual(SUCCEEDED)
    expect(stdout).toMatch(/^[\da-f]{24} success remove-bg$/m)
    expect(await statusIn(stdout)).toEqual({ 'remove-bg': 'success' })
  },
)
