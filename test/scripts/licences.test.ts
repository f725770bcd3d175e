import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { temporaryDirectory } from '../support/tracker.ts'

const lockfileSchema = z.looseObject({ packages: z.record(z.string(), z.looseObject({})) })

/** Runs scripts/licences.mjs on the project's lockfile, in which these packages have these licences. */
function checkLicences(licences: { [path: string]: string }, args: readonly string[] = []) {
  const cwd = temporaryDirectory()
  mkdirSync(join(cwd, 'docs'))
  for (const file of ['package.json', 'docs/third-party-licences.md']) copyFileSync(file, join(cwd, file))
  const lockfile = lockfileSchema.parse(JSON.parse(readFileSync('package-lock.json', 'utf8')))
  for (const [path, license] of Object.entries(licences)) {
    const entry = lockfile.packages[path]
    if (entry === undefined) throw new Error(`the lockfile has no ${path}`)
    entry['license'] = license
  }
  writeFileSync(join(cwd, 'package-lock.json'), JSON.stringify(lockfile))
  const { status, stdout, stderr } = spawnSync(process.execPath, [resolve('scripts/licences.mjs'), ...args], {
    cwd,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

test('only permissive licences are allowed, and for optional packages LGPL and MPL', () => {
  const { status, stderr } = checkLicences(
    {
      'node_modules/hono': 'MIT AND GPL-3.0-only',
      'node_modules/zod': '(GPL-3.0-only OR MIT)',
      // Development dependencies use this one, too.
      'node_modules/pg': 'LGPL-3.0-or-later',
      'node_modules/sharp': 'LGPL-3.0-or-later',
      'node_modules/file-type': 'GPL-3.0-only',
      // A development dependency whose bundle is part of our package.
      'node_modules/rapidoc': 'MPL-2.0',
      'node_modules/vitest': 'GPL-3.0-only',
    },
    ['--write'],
  )
  const rejected = [...stderr.matchAll(/licences: (\S+) \S+ has the licence "([^"]*)".*for (\w+) packages/g)]
  expect(rejected.map(([, ...groups]) => groups.join(' '))).toEqual([
    'file-type GPL-3.0-only optional',
    'hono MIT AND GPL-3.0-only required',
    'pg LGPL-3.0-or-later required',
    'rapidoc MPL-2.0 required',
  ])
  expect(status).toBe(1)
})

test('a list of licences in the documents that is out of date fails the check', () => {
  const { status, stderr } = checkLicences({ 'node_modules/hono': 'ISC' })
  expect(stderr).toBe(
    'licences: docs/third-party-licences.md is out of date. Run: npm run licences -- --write\n',
  )
  expect(status).toBe(1)
})
