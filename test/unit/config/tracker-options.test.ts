import { expect, test } from 'vitest'
import { VARIABLES } from '../../../src/config/documented-variables.ts'
import type { TrackerConfig } from '../../../src/config/tracker-options.ts'
import { ConfigError, parseTrackerConfig } from '../../../src/config.ts'
import { KEY, LOCAL, OTHER_KEY, PUBLIC, parse, SIGNING_SECRET } from './parse-env.ts'

const parseOptions = (config: object) =>
  parseTrackerConfig(config as TrackerConfig, (path) => `text of ${path}`)

function problemsOf(config: object): readonly string[] {
  try {
    parseOptions(config)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

test('names in camelCase, numbers, booleans and lists have the effect of the variables', () => {
  const config: TrackerConfig = {
    imagekitPrivateKey: 'private_x',
    host: '0.0.0.0',
    port: 8080,
    publicUrl: 'http://tracker.example/path',
    allowHttp: true,
    trackerApiKey: [`one:${KEY}`, `two:${KEY}2`],
    trackerAdminKey: OTHER_KEY,
    trackerTokenSecret: ['token-secret-0123456789'],
    trackerWebhookSecret: SIGNING_SECRET,
    trustedProxies: ['10.0.0.0/8', '192.0.2.1'],
    maxConcurrentUploads: 3,
    retentionRuns: '30d',
    metricsPublic: undefined,
  }
  const env = {
    ...PUBLIC,
    PORT: '8080',
    PUBLIC_URL: 'http://tracker.example/path',
    ALLOW_HTTP: 'true',
    TRACKER_API_KEY: `one:${KEY},two:${KEY}2`,
    TRACKER_WEBHOOK_SECRET: SIGNING_SECRET,
    TRUSTED_PROXIES: '10.0.0.0/8,192.0.2.1',
    MAX_CONCURRENT_UPLOADS: '3',
    RETENTION_RUNS: '30d',
  }
  expect(parseOptions(config)).toEqual(parse(env))
  expect(parseOptions(env)).toEqual(parse(env))
})

test('every variable has a name in camelCase', () => {
  const names = VARIABLES.map(({ name }) =>
    name.toLowerCase().replace(/_./g, ([, letter = '']) => letter.toUpperCase()),
  )
  // A value of a type that is never allowed is reported for a known name only.
  for (const name of names)
    expect(problemsOf({ [name]: {} }), name).toContain(
      `${name}: must be text, a number, true, false or a list of texts`,
    )
})

test('a value may be in a file', () => {
  expect(parseOptions({ imagekitPrivateKeyFile: '/run/key' }).imagekit.privateKey).toBe('text of /run/key')
})

test('unknown names in camelCase are reported together with all other problems', () => {
  const config = { imagekitPrivatKey: 'private_x', colourScheme: 'dark', port: 70_000 }
  expect(problemsOf(config)).toEqual([
    'imagekitPrivatKey: is not an option; did you mean imagekitPrivateKey?',
    'colourScheme: is not an option',
    'PORT: must be a whole number from 0 to 65535',
    "IMAGEKIT_PRIVATE_KEY: is required: ImageKit's private key",
  ])
})

test('a variable that is given by both of its names is a problem', () => {
  expect(problemsOf({ ...LOCAL, PORT: '1', port: 2 })).toEqual(['PORT: set it by only one of its names'])
  expect(problemsOf({ ...LOCAL, PORT: '', port: 2 })).toEqual([])
})

test('without a port and a public URL there would be no address for webhooks', () => {
  expect(problemsOf({ ...LOCAL, port: 0 })).toEqual(['PUBLIC_URL: is required if PORT is 0'])
  expect(problemsOf({ ...LOCAL, port: 0, publicUrl: 'http://localhost:3000' })).toEqual([])
})

test('in an environment, variables of other programs are ignored, and those that look like ours produce a warning', () => {
  const env = {
    ...LOCAL,
    PATH: '/bin',
    npm_package_name: 'x',
    windir: 'C:',
    Path: 'x',
    __CF: 'x',
    TRACKER_APIKEY: 'x',
  }
  expect(parseOptions(env).warnings).toContain(
    'TRACKER_APIKEY is not a variable of this program and has no effect; did you mean TRACKER_API_KEY?',
  )
  expect(parseOptions({ ...env, TRACKER_APIKEY: undefined })).toEqual(parse(LOCAL))
})
