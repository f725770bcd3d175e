import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { MAIN, runProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/tracker.ts'

const UNUSABLE = [
  ['at a directory', 'folder.db'],
  ['inside a file', 'file/tracker.db'],
  ['in /proc', '/proc/x'],
  ['in a folder that cannot be created', '/proc/x/y/tracker.db'],
  ['at a device', '/dev/null'],
  ['at the memory of a process', '/proc/1/mem'],
] as const

const CASES = (['serve', 'migrate'] as const).flatMap((command) =>
  UNUSABLE.map(([where, path]) => [command, where, path] as const),
)

test.for(CASES)(
  '%s exits with 2 for a database %s, and names DATABASE_URL',
  async ([command, , location]) => {
    const directory = temporaryDirectory()
    mkdirSync(join(directory, 'folder.db'))
    writeFileSync(join(directory, 'file'), '')
    const path = location.startsWith('/') ? location : join(directory, location)
    const program = runProgram([command], {
      IMAGEKIT_PRIVATE_KEY: 'any',
      PORT: '0',
      DATABASE_URL: `file:${path}`,
    })
    expect(await program.exited).toBe(2)
    const lines = program.output().trim().split('\n')
    expect(lines.at(-1)).toMatch(/^DATABASE_URL: /)
    expect(lines.at(-1)).toContain(path)
  },
)

test.for(['serve', 'migrate'])(
  '%s exits with 2 if DATABASE_URL is its own standard output',
  async (command) => {
    const output = join(temporaryDirectory(), 'output')
    const { PATH = '' } = process.env
    const redirected = ['-c', 'exec "$0" "$1" "$2" > "$3"', process.execPath, MAIN, command, output]
    const child = spawn('sh', redirected, {
      cwd: temporaryDirectory(),
      env: { PATH, IMAGEKIT_PRIVATE_KEY: 'any', PORT: '0', DATABASE_URL: 'file:/proc/self/fd/1' },
      stdio: 'pipe',
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const errorOutput = text(child.stderr)
    const [exitCode] = await once(child, 'close')
    expect(exitCode).toBe(2)
    expect(await errorOutput).toMatch(/^DATABASE_URL: .*\/proc\/self\/fd\/1/m)
    expect(readFileSync(output, 'utf8')).toBe('')
  },
)

test('serve exits with 2 if the token secret cannot be stored beside the database, and names DATABASE_URL and TRACKER_TOKEN_SECRET', async () => {
  const directory = temporaryDirectory()
  // The secret would be stored in a file of this name.
  mkdirSync(join(directory, 'token-secret'))
  const path = join(directory, 'tracker.db')
  const program = runProgram(['serve'], {
    IMAGEKIT_PRIVATE_KEY: 'any',
    PORT: '0',
    DATABASE_URL: `file:${path}`,
  })
  expect(await program.exited).toBe(2)
  expect(program.output()).toMatch(/^DATABASE_URL: the token secret .*token-secret.* TRACKER_TOKEN_SECRET/m)
})
