import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { temporaryDirectory } from '../support/tracker.ts'

const CHANGELOG = `# Changelog

## Unreleased

## 1.2.0 - 2026-05-01

### Added

- A route.

## 1.1.0 - 2026-04-01

- Something earlier.
`

/** Runs scripts/release-notes.mjs for a tag, in a project with this package.json. */
function readNotes(tag: string, manifest: object) {
  const cwd = temporaryDirectory()
  writeFileSync(join(cwd, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(cwd, 'CHANGELOG.md'), CHANGELOG)
  const script = resolve('scripts/release-notes.mjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, tag], { cwd, encoding: 'utf8' })
  return { status, stdout, stderr }
}

test('the notes of a release are the section of its version in the changelog', () => {
  expect(readNotes('v1.2.0', { version: '1.2.0', repository: 'github:owner/name' })).toEqual({
    status: 0,
    stdout: '### Added\n\n- A route.\n',
    stderr: '',
  })
})

test('a release without a repository and a section in the changelog, or with another tag, fails with every reason', () => {
  const { status, stdout, stderr } = readNotes('v1.2.0', { version: '1.3.0' })
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toContain('the tag must be v1.3.0')
  expect(stderr).toContain('CHANGELOG.md has no section "## 1.3.0 - DATE"')
  expect(stderr).toContain('package.json has no "repository"')
})

test('the workflows run only scripts that exist', () => {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync('package.json', 'utf8')))
  const text = readdirSync('.github/workflows')
    .map((name) => readFileSync(join('.github/workflows', name), 'utf8'))
    .join('')
  const names = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name)
  expect(names).toContain('check')
  expect(names.filter((name) => !(name in scripts))).toEqual([])
  const files = [...text.matchAll(/node (scripts\/\S+)/g)].map(([, file = '']) => file)
  expect(files).toEqual(['scripts/release-notes.mjs'])
})

test.each(['.github/workflows/release.yml', 'docs/releasing.md'])(
  '%s publishes the tarball from a path that starts with ./, because npm takes another one for a repository on GitHub',
  (path) => {
    const targets = [...readFileSync(path, 'utf8').matchAll(/npm publish (\S+)/g)].map(([, target]) => target)
    expect(targets).toEqual([expect.stringMatching(/^\.\/release\/\S+\.tgz$/)])
  },
)
