import { expect, test } from 'vitest'
import { KEY, LOCAL, OTHER_KEY, PUBLIC, parse, problemsOf } from './parse-env.ts'

test.each(['TRACKER_API_KEY', 'TRACKER_ADMIN_KEY', 'TRACKER_TOKEN_SECRET'])(
  'with SQLite, %s is optional if HOST and PUBLIC_URL are loopback, and required otherwise',
  (name) => {
    const absent = { [name]: undefined }
    expect(problemsOf({ ...PUBLIC, ...absent })).toEqual([expect.stringContaining(`${name}: is required`)])
    const local = { ...PUBLIC, HOST: '127.0.0.1', PUBLIC_URL: 'http://localhost:3000' }
    expect(problemsOf({ ...local, ...absent })).toEqual([])
    expect(problemsOf({ ...local, ...absent, PUBLIC_URL: 'https://tracker.example' })).toHaveLength(1)
    expect(problemsOf({ ...local, ...absent, HOST: '192.168.1.7' })).toHaveLength(1)
  },
)

test('non-local requests are rejected unless both TRACKER_API_KEY and TRACKER_ADMIN_KEY are set', () => {
  const local = { ...LOCAL, TRACKER_API_KEY: KEY, TRACKER_ADMIN_KEY: OTHER_KEY }
  expect(parse(local).loopbackOnly).toBe(false)
  expect(parse({ ...local, TRACKER_API_KEY: '' }).loopbackOnly).toBe(true)
  expect(parse({ ...local, TRACKER_ADMIN_KEY: '' }).loopbackOnly).toBe(true)
})

test.each([
  ['a secret of fifteen characters', 'x'.repeat(15)],
  ['an empty entry', `${KEY},`],
  ['a colon in the secret', `name:a:${KEY}`],
  ['a name with a space', `my app:${KEY}`],
  ['no name before the colon', `:${KEY}`],
  ['a name twice', `app:${KEY},app:${OTHER_KEY}`],
  ['a secret twice', `${KEY},app:${KEY}`],
])('a key list with %s is a problem', (_, TRACKER_API_KEY) => {
  expect(problemsOf({ ...LOCAL, TRACKER_API_KEY })).toEqual([
    expect.stringMatching(/^TRACKER_API_KEY: key \d/),
  ])
})

test('an API key and an admin key must not have the same secret', () => {
  const problems = problemsOf({ ...LOCAL, TRACKER_API_KEY: `app:${KEY}`, TRACKER_ADMIN_KEY: KEY })
  expect(problems).toEqual([expect.stringContaining('"app"')])
})

test('a key that is given without a name gets one that depends only on its secret', () => {
  const nameOf = (keys: string, variable = 'TRACKER_API_KEY') => {
    const { apiKeys, adminKeys } = parse({ ...LOCAL, [variable]: keys })
    return [...apiKeys, ...adminKeys].find(({ secret }) => secret === KEY)?.name
  }
  const name = nameOf(KEY)
  expect(name).toMatch(/^key-[\da-f]{8}$/)
  expect(nameOf(`${OTHER_KEY},${KEY}`)).toBe(name)
  expect(nameOf(KEY, 'TRACKER_ADMIN_KEY')).toBe(name)
  expect(nameOf(`app:${KEY}`)).toBe('app')
  expect(parse({ ...LOCAL, TRACKER_API_KEY: OTHER_KEY }).apiKeys[0]?.name).not.toBe(name)
})
