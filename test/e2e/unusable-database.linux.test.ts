import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/tracker.ts'

const UNUSABLE = [
  ['at a directory', 'folder.db'],
  ['below a file', 'file/tracker.db'],
  ['in /proc', '/proc/x'],
  ['below a folder that cannot be made', '/proc/x/y/tracker.db'],
  ['at a device', '/dev/null'],
] as const

const CASES = (['serve', 'migrate'] as const).flatMap((command) =>
  UNUSABLE.map(([where, path]) => [command, where, path] as const),
)

test.for(CASES)('%s exits with 2 for a database %s, and names DATABASE_URL', async ([command, , name]) => {
  const directory = temporaryDirectory()
  mkdirSync(join(directory, 'folder.db'))
  writeFileSync(join(directory, 'file'), '')
  const path = name.startsWith('/') ? name : join(directory, name)
  const program = runProgram([command], {
    IMAGEKIT_PRIVATE_KEY: 'any',
    PORT: '0',
    DATABASE_URL: `file:${path}`,
  })
  expect(await program.exited).toBe(2)
  const lines = program.output().trim().split('\n')
  expect(lines.at(-1)).toMatch(/^DATABASE_URL: /)
  expect(lines.at(-1)).toContain(path)
})
