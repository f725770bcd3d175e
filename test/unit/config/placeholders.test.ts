import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { expect, test } from 'vitest'
import { PUBLIC, parse, problemsOf } from './parse-env.ts'

const EXAMPLE = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8')
const SECRETS = ['IMAGEKIT_PRIVATE_KEY', 'TRACKER_ADMIN_KEY', 'TRACKER_API_KEY', 'TRACKER_TOKEN_SECRET']

const namesOf = (problems: readonly string[]) =>
  problems.map((problem) => problem.slice(0, problem.indexOf(':'))).sort()

test('an unchanged .env.example has one problem for each secret that it sets, and no other', () => {
  const problems = problemsOf(parseEnv(EXAMPLE))
  expect(namesOf(problems)).toEqual(SECRETS)
  for (const problem of problems) expect(problem).toContain('placeholder')
})

test('.env.example with real secrets is valid on loopback; elsewhere only PUBLIC_URL is missing', () => {
  const own = Object.fromEntries(SECRETS.map((name) => [name, `secret of ${name}`]))
  expect(parse({ ...parseEnv(EXAMPLE), ...own }).publicUrl).toBe('http://127.0.0.1:3000')
  expect(namesOf(problemsOf({ ...parseEnv(EXAMPLE), ...own, HOST: '0.0.0.0' }))).toEqual(['PUBLIC_URL'])
})

test('the secrets that are commented out in .env.example are placeholders too', () => {
  const uncommented = EXAMPLE.replace(/^# (?=\w+=)/gm, '')
  const problems = problemsOf(parseEnv(uncommented))
  expect(namesOf(problems)).toEqual([
    'IMAGEKIT_PRIVATE_KEY',
    'IMAGEKIT_WEBHOOK_SECRET',
    ...SECRETS.slice(1),
    'TRACKER_WEBHOOK_SECRET',
  ])
  for (const problem of problems) expect(problem).toContain('placeholder')
})

test.each([
  'TRACKER_API_KEY',
  'TRACKER_ADMIN_KEY',
  'TRACKER_TOKEN_SECRET',
  'IMAGEKIT_PRIVATE_KEY',
  'IMAGEKIT_WEBHOOK_SECRET',
  'TRACKER_WEBHOOK_SECRET',
])('a placeholder in %s is a problem, even if it is read from a file', (name) => {
  for (const placeholder of [
    'private_...',
    'CHANGE_ME_0123456789',
    'change me to 32 random bytes',
    'private_xxxxxxxxxxxxxxxxxxxx',
    'changeme-0123456789',
    'whsec_0123456789…',
  ]) {
    const expected = [expect.stringMatching(new RegExp(`^${name}: .*placeholder`))]
    expect(problemsOf({ ...PUBLIC, [name]: placeholder })).toEqual(expected)
    const { [name]: _, ...rest } = PUBLIC
    const fromFile = problemsOf({ ...rest, [`${name}_FILE`]: '/run/secret' }, { '/run/secret': placeholder })
    expect(fromFile).toEqual(expected)
  }
})
