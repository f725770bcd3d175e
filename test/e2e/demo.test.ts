import { expect, test } from 'vitest'
import { runProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/tracker.ts'

test('the demo shows an extension that succeeds and one that fails, and exits with 0', async () => {
  const demo = runProgram(['demo', '--exit'], { TMPDIR: temporaryDirectory() })
  expect(await demo.exited).toBe(0)
  expect(demo.output()).toMatch(/pending.*success/s)
  expect(demo.output()).toMatch(/remove-bg.*failed/s)
})

test('the sandbox refuses to start with NODE_ENV=production', async () => {
  const sandbox = runProgram(['sandbox'], { NODE_ENV: 'production' })
  expect(await sandbox.exited).toBe(2)
  expect(sandbox.output()).toMatch(/production/)
})
