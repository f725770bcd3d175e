import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { MAIN } from '../support/program.ts'
import { API_KEY, startTrackerAndSandbox, temporaryDirectory } from '../support/tracker.ts'

test('in a real terminal, upload shows its progress, then the final status', async () => {
  const { tracker } = await startTrackerAndSandbox()
  const image = new URL('../../docs/images/mug.png', import.meta.url).pathname
  const command = `"${process.execPath}" "${MAIN}" upload "${image}" --extension remove-bg --wait`
  const { PATH = '', HOME = '' } = process.env
  // `script` runs the command in a terminal, forwards its output, and exits with its exit code.
  const { stdout } = await promisify(execFile)('script', ['-qec', command, '/dev/null'], {
    cwd: temporaryDirectory(),
    env: { PATH, HOME, TERM: 'xterm', TRACKER_URL: tracker.url, TRACKER_API_KEY: API_KEY },
  })
  expect(stdout).toMatch(/mug\.png █+ 100%/)
  expect(stdout).toContain('Uploaded mug_')
  expect(stdout).toMatch(/remove-bg.*success/)
})
