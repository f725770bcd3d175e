import { spawnSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { runExample, SHIRT, statusIn } from './run-example.ts'

const NODE = process.execPath
const hasRequests = spawnSync('python3', ['-c', 'import requests']).status === 0

/** Examples that upload a file, and wait until its extensions are final. */
const UPLOADS = [
  { name: 'curl', command: ['sh', 'upload.sh'] },
  { name: 'node-sdk-7', command: [NODE, 'upload.mjs'] },
  { name: 'node-sdk-6', command: [NODE, 'upload.mjs'] },
  { name: 'python', command: ['python3', 'upload.py'] },
] as const

for (const { name, command } of UPLOADS) {
  const exampleTest = test.skipIf(name === 'python' && !hasRequests && !process.env['CI'])

  exampleTest(
    `the example ${name} uploads a file, and waits until its extensions have succeeded`,
    async () => {
      const { exitCode, stdout, stderr } = await runExample(name, [...command, SHIRT])
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
      expect(await statusIn(stdout)).toEqual({ 'remove-bg': 'success', 'aws-auto-tagging': 'success' })
      expect(stdout).toMatch(/remove-bg.*success/)
    },
  )

  exampleTest(`the example ${name} reports an extension that has failed`, async () => {
    const { exitCode, stdout } = await runExample(name, [...command, SHIRT, 'sandbox:remove-bg=failed'])
    expect(exitCode).toBe(1)
    expect(await statusIn(stdout)).toEqual({ 'remove-bg': 'failed', 'aws-auto-tagging': 'success' })
    expect(stdout).toMatch(/remove-bg.*failed/)
  })
}

test('the example curl sends names and tags as they are, also those that curl would take for files', async () => {
  const { directory, sandboxUrl } = inject('examples')
  const name = '@a;b,"c.png'
  copyFileSync(SHIRT, join(directory, 'curl', name))
  const { exitCode, stdout, stderr } = await runExample('curl', ['sh', 'upload.sh', name, '<upload.sh'])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  const { fileId } = JSON.parse(stdout.split('\n')[0] ?? '') as { fileId: string }
  const headers = { authorization: `Basic ${btoa('private_sandbox:')}` }
  const details = await fetch(`${sandboxUrl}/v1/files/${fileId}/details`, { headers })
  expect(await details.json()).toMatchObject({ tags: ['<upload.sh'] })
})
