import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { keepTokenSecret } from '../../../src/token-secret.ts'

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'token-secret-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

test('a token secret is made once, for its owner alone, and found again', () => {
  const path = join(temporaryDirectory(), 'data', 'token-secret')
  const secret = keepTokenSecret(path)
  expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(keepTokenSecret(path)).toBe(secret)
  expect(readFileSync(path, 'utf8').trim()).toBe(secret)
})

test('two services never make the same', () => {
  const directory = temporaryDirectory()
  expect(keepTokenSecret(join(directory, 'a'))).not.toBe(keepTokenSecret(join(directory, 'b')))
})

test('a file that holds no secret is refused, not replaced', () => {
  const path = join(temporaryDirectory(), 'token-secret')
  writeFileSync(path, 'short\n')
  chmodSync(path, 0o600)
  expect(() => keepTokenSecret(path)).toThrow(/holds no secret/)
  expect(readFileSync(path, 'utf8')).toBe('short\n')
})

test('a file that a process was killed before writing is written by the next', () => {
  const path = join(temporaryDirectory(), 'token-secret')
  writeFileSync(path, '', { mode: 0o600 })
  const secret = keepTokenSecret(path)
  expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
  expect(keepTokenSecret(path)).toBe(secret)
})

test('a file that others could read is made private, and its secret stays', () => {
  const path = join(temporaryDirectory(), 'token-secret')
  const secret = keepTokenSecret(path)
  chmodSync(path, 0o644)
  expect(keepTokenSecret(path)).toBe(secret)
  expect(statSync(path).mode & 0o777).toBe(0o600)
})
