import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { findUnknownVariables } from '../../../src/config/ignored-variables.ts'

test('every variable of .env.example is known, also as NAME_FILE', () => {
  const example = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8')
  const names = [...example.matchAll(/^(?:# )?([A-Z_]+)=/gm)].flatMap(([, name = '']) => name)
  expect(names.length).toBeGreaterThan(20)
  const env = Object.fromEntries(
    names.flatMap((name) => [
      [name, 'x'],
      [`${name}_FILE`, 'x'],
    ]),
  )
  expect(findUnknownVariables(env)).toEqual([])
})

test.each([
  ['TRACKER_APIKEY', 'TRACKER_API_KEY'],
  ['tracker_admin_key', 'TRACKER_ADMIN_KEY'],
  ['TRACKER_APIKEY_FILE', 'TRACKER_API_KEY'],
  ['IMAGEKIT_PRIVATEKEY', 'IMAGEKIT_PRIVATE_KEY'],
  ['DATABASE_URI', 'DATABASE_URL'],
  ['EXPIRES_AFTER', 'EXPIRE_AFTER'],
  ['LOGLEVEL', 'LOG_LEVEL'],
])('%s is reported as a typo of %s', (name, meant) => {
  expect(findUnknownVariables({ [name]: 'a value' })).toEqual([
    `${name} is not a variable of this program and has no effect; did you mean ${meant}?`,
  ])
})

test('a variable with the prefix TRACKER_ is reported even if it is not similar to a known one', () => {
  expect(findUnknownVariables({ TRACKER_COLOUR: 'x' })).toEqual([
    'TRACKER_COLOUR is not a variable of this program and has no effect',
  ])
})

test('variables of other programs and of Kubernetes services are not reported', () => {
  const names = [
    'PATH',
    'HOME',
    'HOSTNAME',
    // One character more than PORT, which is too short for that to count as a typo.
    'PORTS',
    'IMAGEKIT_PUBLIC_KEY',
    'IMAGEKIT_URL_ENDPOINT',
    'POSTGRES_URL',
  ]
  const kubernetesVariables = [
    'TRACKER_PORT',
    'TRACKER_PORT_3000_TCP',
    'TRACKER_SERVICE_HOST',
    'TRACKER_SERVICE_PORT_HTTP',
  ]
  expect(
    findUnknownVariables(Object.fromEntries([...names, ...kubernetesVariables].map((name) => [name, 'x']))),
  ).toEqual([])
})
