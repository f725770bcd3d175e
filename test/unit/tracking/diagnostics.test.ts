import { expect, test } from 'vitest'
import {
  checkAlerts,
  checkDisk,
  checkPublicUrl,
} from '../../../src/tracking/operators/diagnostics/environment.ts'
import { checkRejected } from '../../../src/tracking/operators/diagnostics/traffic.ts'

const MIB = 1024 ** 2

test.each([
  [50, 1, 'fail'],
  [500, 1, 'warn'],
  [2000, 3000, 'warn'],
  [2000, 1, 'ok'],
])('with %i MiB free and a database of %i MiB, the disk check is %s', (free, database, level) => {
  expect(checkDisk(free * MIB, database * MIB).level).toBe(level)
})

test.each([
  ['https://tracker.example', 'https://api.imagekit.io', 'ok'],
  ['http://tracker.example', 'https://api.imagekit.io', 'warn'],
  ['http://127.0.0.1:3000', 'https://api.imagekit.io', 'fail'],
  // An ImageKit on this machine is the sandbox, which reaches a loopback address.
  ['http://localhost:3000', 'http://127.0.0.1:3001', 'ok'],
])('with PUBLIC_URL %s and ImageKit at %s, the check of PUBLIC_URL is %s', (publicUrl, apiUrl, level) => {
  expect(checkPublicUrl(publicUrl, apiUrl).level).toBe(level)
})

test.each([
  [null, false, 'ok'],
  ['hooks.slack.com', false, 'ok'],
  ['8.8.8.8', false, 'ok'],
  ['10.0.0.7', false, 'fail'],
  ['10.0.0.7', true, 'ok'],
  ['[fd00::7]', false, 'fail'],
  ['localhost', false, 'fail'],
])(
  'with alerts to the host %s (private targets allowed: %s), the alert check is %s',
  (host, allowsPrivateTargets, level) => {
    expect(checkAlerts(host, allowsPrivateTargets).level).toBe(level)
  },
)

test('webhooks for unknown submissions fail the check, other rejected webhooks are a warning', () => {
  const checks = checkRejected([
    { cause: 'bad_signature', count: 2000 },
    { cause: 'unknown_submission', count: 1 },
  ])
  expect(checks.map(({ level, message }) => `${level}: ${message}`)).toEqual([
    'warn: 2000 in the last 24 h: bad_signature',
    'fail: 1 in the last 24 h: unknown_submission',
  ])
})
