import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { MAIN } from '../support/program.ts'
import { temporaryDirectory } from '../support/tracker.ts'

test.each([
  ['coloured', {}, /^\d\d:\d\d:\d\d INFO {2}listening {2}\u001b\[2mevent=\u001b\[0mservice\.listening/m],
  [
    'without colours',
    { NO_COLOR: '1' },
    /^\d\d:\d\d:\d\d INFO {2}listening {2}event=service\.listening url=http:/m,
  ],
])('in a real terminal, serve logs readable lines, %s', async (_, variables, expected) => {
  const { PATH = '', HOME = '' } = process.env
  const database = `file:${join(temporaryDirectory(), 'tracker.db')}`
  // `script` runs the command in a terminal, and forwards its output.
  const child = spawn('script', ['-qec', `"${process.execPath}" "${MAIN}" serve`, '/dev/null'], {
    cwd: temporaryDirectory(),
    env: {
      PATH,
      HOME,
      TERM: 'xterm',
      PORT: '0',
      DATABASE_URL: database,
      IMAGEKIT_PRIVATE_KEY: 'x',
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => {
    child.kill('SIGTERM')
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString().replaceAll('\r', '')
  })
  await expect.poll(() => output).toMatch(expected)
})
