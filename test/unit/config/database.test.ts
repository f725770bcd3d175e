import { expect, test } from 'vitest'
import { LOCAL, PUBLIC, parse, problemsOf } from './parse-env.ts'

const POOLER_URL = 'postgres://tracker:hush@pooler.example:6432/tracker'
const DIRECT_URL = 'postgres://tracker:hush@db.example:5432/tracker'

test('the service listens for changes at DATABASE_URL, or at DATABASE_LISTEN_URL if that is set', () => {
  const env = { ...PUBLIC, DATABASE_URL: POOLER_URL }
  expect(parse(env).database).toMatchObject({ kind: 'postgres', url: POOLER_URL, listenUrl: POOLER_URL })
  expect(parse({ ...env, DATABASE_LISTEN_URL: DIRECT_URL }).database).toMatchObject({
    kind: 'postgres',
    url: POOLER_URL,
    listenUrl: DIRECT_URL,
  })
})

test('DATABASE_CONNECTIONS is 11 by default, must be at least 5, and is a problem with SQLite', () => {
  const env = { ...PUBLIC, DATABASE_URL: POOLER_URL }
  expect(parse(env).database).toMatchObject({ connections: 11 })
  expect(parse({ ...env, DATABASE_CONNECTIONS: '5' }).database).toMatchObject({ connections: 5 })
  expect(problemsOf({ ...env, DATABASE_CONNECTIONS: '4' })).toEqual([
    expect.stringMatching(/^DATABASE_CONNECTIONS: .*5/),
  ])
  expect(problemsOf({ ...PUBLIC, DATABASE_CONNECTIONS: '11' })).toEqual([
    'DATABASE_CONNECTIONS: is only for PostgreSQL; unset it',
  ])
})

test('DATABASE_LISTEN_URL must be a PostgreSQL address, and is a problem with SQLite', () => {
  expect(problemsOf({ ...PUBLIC, DATABASE_LISTEN_URL: DIRECT_URL })).toEqual([
    'DATABASE_LISTEN_URL: is only for PostgreSQL; unset it',
  ])
  for (const listenUrl of ['file:./data/tracker.db', 'postgres://tracker:hush@db.example'])
    expect(problemsOf({ ...PUBLIC, DATABASE_URL: POOLER_URL, DATABASE_LISTEN_URL: listenUrl })).toEqual([
      expect.stringMatching(/^DATABASE_LISTEN_URL: must be postgres:\/\/USER/),
    ])
})

test('PostgreSQL requires a token secret on loopback too, because every process needs the same one', () => {
  expect(problemsOf({ ...LOCAL, DATABASE_URL: POOLER_URL })).toEqual([
    'TRACKER_TOKEN_SECRET: is required with PostgreSQL: every process needs the same one',
  ])
  expect(
    parse({ ...LOCAL, DATABASE_URL: POOLER_URL, TRACKER_TOKEN_SECRET: 'token-secret-0123456789' })
      .tokenSecrets,
  ).toEqual(['token-secret-0123456789'])
})

test('a problem of DATABASE_URL does not contain the password', () => {
  const problems = problemsOf({ ...PUBLIC, DATABASE_URL: 'postgres://tracker:hush#x@db.example/tracker' })
  expect(problems).toEqual([expect.stringMatching(/^DATABASE_URL: must be postgres:/)])
  expect(problems.join()).not.toContain('hush')
})
