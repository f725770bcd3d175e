import { expect, test } from 'vitest'
import type { Environment } from '../../../src/config/variables.ts'
import {
  KEY,
  LOCAL,
  OTHER_KEY,
  PUBLIC,
  parse,
  problemsOf,
  SIGNING_SECRET,
  UNSIGNED_WARNING,
} from './parse-env.ts'

test('only the ImageKit key is required on loopback with SQLite; the rest has defaults', () => {
  expect(parse(LOCAL)).toEqual({
    passthrough: 'off',
    host: '127.0.0.1',
    port: 3000,
    publicUrl: 'http://127.0.0.1:3000',
    database: { kind: 'sqlite', path: './data/tracker.db' },
    imagekit: {
      privateKey: 'private_x',
      uploadUrl: 'https://upload.imagekit.io',
      apiUrl: 'https://api.imagekit.io',
    },
    signatures: { secrets: [], requireOnExtensionWebhooks: false },
    notifications: { secrets: [], allowPrivateTargets: false },
    maintenance: {
      overdueAfterMs: 600_000,
      reconcileEveryMs: 60_000,
      expireAfterMs: 90_000_000,
      retentionMs: 7_776_000_000,
      retentionRunsMs: null,
    },
    apiKeys: [],
    adminKeys: [],
    tokenSecrets: null,
    trustedProxies: [],
    loopbackOnly: true,
    alerting: null,
    metricsPublic: false,
    tracing: null,
    maxUploadBytes: 2 * 1024 ** 3,
    maxConcurrentUploads: 64,
    logLevel: 'info',
    warnings: [UNSIGNED_WARNING],
  })
})

test('variables override the defaults', () => {
  const config = parse({
    ...PUBLIC,
    PORT: '8080',
    PUBLIC_URL: 'https://tracker.example/sub/',
    DATABASE_URL: 'file:///var/lib/tracker.db',
    IMAGEKIT_UPLOAD_URL: 'http://127.0.0.1:3001/',
    IMAGEKIT_API_URL: 'http://127.0.0.1:3001',
    IMAGEKIT_WEBHOOK_SECRET: 'whsec_one_0123456789, whsec_two_0123456789',
    REQUIRE_EXTENSION_SIGNATURE: 'true',
    TRACKER_WEBHOOK_SECRET: SIGNING_SECRET,
    ALLOW_PRIVATE_TARGETS: 'true',
    RECONCILE_AFTER: '5m',
    RECONCILE_EVERY: '250ms',
    EXPIRE_AFTER: '2d',
    RETENTION: '30d',
    RETENTION_RUNS: '365d',
    TRACKER_API_KEY: `app:${KEY}, shop.eu:${KEY}-2,${KEY}-3`,
    TRACKER_TOKEN_SECRET: 'new-secret-0123456789,old-secret-0123456789',
    MAX_UPLOAD_BYTES: '500MiB',
    MAX_CONCURRENT_UPLOADS: '2',
    LOG_LEVEL: 'debug',
  })
  expect(config).toMatchObject({
    host: '0.0.0.0',
    port: 8080,
    publicUrl: 'https://tracker.example/sub',
    database: { kind: 'sqlite', path: '/var/lib/tracker.db' },
    imagekit: { uploadUrl: 'http://127.0.0.1:3001', apiUrl: 'http://127.0.0.1:3001' },
    signatures: {
      secrets: ['whsec_one_0123456789', 'whsec_two_0123456789'],
      requireOnExtensionWebhooks: true,
    },
    notifications: { secrets: [expect.anything()], allowPrivateTargets: true },
    maintenance: {
      overdueAfterMs: 300_000,
      reconcileEveryMs: 250,
      expireAfterMs: 172_800_000,
      retentionMs: 2_592_000_000,
      retentionRunsMs: 31_536_000_000,
    },
    apiKeys: [
      { name: 'app', secret: KEY },
      { name: 'shop.eu', secret: `${KEY}-2` },
      { name: expect.stringMatching(/^key-[\da-f]{8}$/), secret: `${KEY}-3` },
    ],
    adminKeys: [{ name: expect.stringMatching(/^key-[\da-f]{8}$/), secret: OTHER_KEY }],
    tokenSecrets: ['new-secret-0123456789', 'old-secret-0123456789'],
    loopbackOnly: false,
    maxUploadBytes: 500 * 1024 ** 2,
    maxConcurrentUploads: 2,
    logLevel: 'debug',
    warnings: [],
  })
})

test('an in-memory database is a problem of DATABASE_URL', () => {
  for (const url of ['file::memory:', 'file: :memory:'])
    expect(
      problemsOf({ DATABASE_URL: url }).filter((text) => text.startsWith('DATABASE_URL: is file::memory:')),
    ).toHaveLength(1)
})

test('all problems are reported at once, without secrets', () => {
  const problems = problemsOf({
    HOST: '0.0.0.0',
    PORT: '70000',
    PUBLIC_URL: 'ftp://tracker.example',
    ALLOW_HTTP: 'yes',
    DATABASE_URL: 'mysql://x',
    IMAGEKIT_UPLOAD_URL: 'upload.imagekit.io',
    IMAGEKIT_API_URL: 'https://api.imagekit.io?x=1',
    TRACKER_API_KEY: 'hush',
    TRACKER_ADMIN_KEY: `a:b:${KEY}`,
    TRACKER_TOKEN_SECRET: 'hush',
    MAX_UPLOAD_BYTES: '2GB',
    MAX_CONCURRENT_UPLOADS: '0',
    LOG_LEVEL: 'loud',
    RECONCILE_AFTER: '10',
    RECONCILE_EVERY: '0m',
    EXPIRE_AFTER: '1 day',
    RETENTION: '-1d',
    RETENTION_RUNS: '1d',
    ALERT_FAILURES: '0/15m',
    ALERT_WEBHOOK_URL: 'ftp://hush.example',
    ALERT_PENDING_AGE: '2hours',
    ALLOW_PRIVATE_TARGETS: '1',
    METRICS_PUBLIC: 'TRUE',
    IMAGEKIT_PASSTHROUGH: 'some',
    IMAGEKIT_WEBHOOK_SECRET: 'whsec_0123456789,,whsec_9876543210',
  })
  const names = problems.map((problem) => problem.slice(0, problem.indexOf(':')))
  expect(names.sort().join(' ')).toBe(
    'ALERT_FAILURES ALERT_PENDING_AGE ALERT_WEBHOOK_URL ALLOW_HTTP ALLOW_PRIVATE_TARGETS DATABASE_URL EXPIRE_AFTER ' +
      'IMAGEKIT_API_URL IMAGEKIT_PASSTHROUGH IMAGEKIT_PRIVATE_KEY IMAGEKIT_UPLOAD_URL IMAGEKIT_WEBHOOK_SECRET ' +
      'LOG_LEVEL MAX_CONCURRENT_UPLOADS MAX_UPLOAD_BYTES METRICS_PUBLIC PORT PUBLIC_URL RECONCILE_AFTER ' +
      'RECONCILE_EVERY RETENTION RETENTION_RUNS TRACKER_ADMIN_KEY TRACKER_API_KEY TRACKER_TOKEN_SECRET',
  )
  expect(problems.join()).not.toMatch(new RegExp(`hush|whsec|${KEY}`))
})

test('IMAGEKIT_PASSTHROUGH is off, read or all', () => {
  for (const mode of ['off', 'read', 'all'])
    expect(parse({ ...LOCAL, IMAGEKIT_PASSTHROUGH: mode }).passthrough).toBe(mode)
  expect(problemsOf({ ...LOCAL, IMAGEKIT_PASSTHROUGH: 'yes' })).toEqual([
    'IMAGEKIT_PASSTHROUGH: must be off, read or all',
  ])
})

test.each([
  ['localhost', 'http://localhost:3000'],
  ['::1', 'http://[::1]:3000'],
  ['[::1]', 'http://[::1]:3000'],
  ['127.1.2.3', 'http://127.1.2.3:3000'],
])('HOST %s is loopback, and the default of PUBLIC_URL is derived from it', (HOST, publicUrl) => {
  expect(parse({ ...LOCAL, HOST }).publicUrl).toBe(publicUrl)
})

test('PUBLIC_URL is required unless HOST is loopback, and may be http for a host that is not loopback only with ALLOW_HTTP', () => {
  expect(problemsOf({ ...PUBLIC, PUBLIC_URL: undefined })).toEqual([
    expect.stringContaining('PUBLIC_URL: is required'),
  ])
  const http = { ...PUBLIC, PUBLIC_URL: 'http://tracker.example' }
  expect(problemsOf(http)).toEqual([expect.stringContaining('ALLOW_HTTP=true')])
  expect(parse({ ...http, ALLOW_HTTP: 'true' }).publicUrl).toBe('http://tracker.example')
})

test.each(['IMAGEKIT_UPLOAD_URL', 'IMAGEKIT_API_URL'])(
  '%s may be http if its host is loopback, otherwise only with ALLOW_HTTP',
  (name) => {
    for (const url of ['http://127.0.0.1:3001', 'http://localhost:3001', 'https://imagekit.example'])
      expect(problemsOf({ ...LOCAL, [name]: url })).toEqual([])
    const remote = { ...LOCAL, [name]: 'http://imagekit.example' }
    expect(problemsOf(remote)).toEqual([expect.stringMatching(new RegExp(`^${name}: .*ALLOW_HTTP=true`))])
    expect(problemsOf({ ...remote, ALLOW_HTTP: 'true' })).toEqual([])
  },
)

test('PUBLIC_URL with credentials is a problem', () => {
  expect(problemsOf({ ...PUBLIC, PUBLIC_URL: 'https://user:pass@tracker.example' })).toHaveLength(1)
})

test.each(
  'IMAGEKIT_PRIVATE_KEY IMAGEKIT_WEBHOOK_SECRET TRACKER_API_KEY TRACKER_ADMIN_KEY TRACKER_TOKEN_SECRET HOST PORT PUBLIC_URL DATABASE_URL LOG_LEVEL MAX_UPLOAD_BYTES'.split(
    ' ',
  ),
)('%s may be set as a value or as a file, but not as both', (name) => {
  const full: Environment = {
    ...PUBLIC,
    PORT: '8080',
    LOG_LEVEL: 'debug',
    MAX_UPLOAD_BYTES: '1MiB',
    DATABASE_URL: 'file:/x',
    IMAGEKIT_WEBHOOK_SECRET: 'whsec_0123456789',
  }
  const path = '/run/secrets/x'
  const env = { ...full, [name]: undefined, [`${name}_FILE`]: path }
  expect(parse(env, { [path]: `${full[name]}\n` })).toEqual(parse(full))
  const both = problemsOf({ ...env, [name]: full[name] }, { [path]: 'x' })
  expect(both.filter((problem) => problem.includes('not both'))).toHaveLength(1)
})

test('a NAME_FILE whose file is missing or empty is a problem, not an unset variable', () => {
  const env = { ...LOCAL, TRACKER_API_KEY_FILE: '/run/secrets/key' }
  expect(problemsOf(env)).toEqual([expect.stringContaining("TRACKER_API_KEY_FILE: can't be read")])
  expect(problemsOf(env, { '/run/secrets/key': '\n' })).toEqual([expect.stringContaining('is empty')])
})

test('an empty or blank variable counts as unset', () => {
  const empty = { PORT: '', PUBLIC_URL: ' ', TRACKER_API_KEY: '', LOG_LEVEL: '' }
  expect(parse({ ...LOCAL, ...empty })).toEqual(parse(LOCAL))
})
