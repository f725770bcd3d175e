import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadOrCreateTokenSecret } from '../../../src/token-secret.ts'

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'token-secret-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

test('a token secret is generated once, readable by its owner only, and loaded afterwards', () => {
  const path = join(temporaryDirectory(), 'data', 'token-secret')
  const secret = loadOrCreateTokenSecret(path)
  expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(loadOrCreateTokenSecret(path)).toBe(secret)
  expect(readFileSync(path, 'utf8').trim()).toBe(secret)
})

test('two services generate different secrets', () => {
  const directory = temporaryDirectory()
  expect(loadOrCreateTokenSecret(join(directory, 'a'))).not.toBe(
    loadOrCreateTokenSecret(join(directory, 'b')),
  )
})

test('a file whose secret is too short is rejected and not replaced', () => {
  const path = join(temporaryDirectory(), 'token-secret')
  writeFileSync(path, 'short\n')
  chmodSync(path, 0o600)
  expect(() => loadOrCreateTokenSecret(path)).toThrow(/does not contain a secret/)
  expect(readFileSync(path, 'utf8')).toBe('short\n')
})

test('an empty file, from a process that was killed before writing, is overwritten', () => {
  const path = join(temporaryDirectory(), 'token-secret')
  writeFileSync(path, '', { mode: 0o600 })
  const secret = loadOrCreateTokenSecret(path)
  expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
  expect(loadOrCreateTokenSecret(path)).toBe(secret)
})

test('a file that others can read is made private, and its secret stays the same', () => {
  const path = join(temporaryDirectory(), 'token-secret')
  const secret = loadOrCreateTokenSecret(path)
  chmodSync(path, 0o644)
  expect(loadOrCreateTokenSecret(path)).toBe(secret)
  expect(statSync(path).mode & 0o777).toBe(0o600)
})
