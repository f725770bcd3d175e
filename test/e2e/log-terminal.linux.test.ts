import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { MAIN } from '../support/program.ts'
import { temporaryDirectory } from '../support/tracker.ts'

test.each([
  ['coloured', {}, 'INFO  listening  \u001b[2mevent=\u001b[0mservice.listening'],
  ['without colours', { NO_COLOR: '1' }, 'INFO  listening  event=service.listening url=http:'],
])(
  'in a real terminal, serve logs readable lines, %s',
  { timeout: 60_000 },
  async (_, variables, expected) => {
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
    await expect.poll(() => output, { timeout: 50_000 }).toContain(expected)
  },
)
