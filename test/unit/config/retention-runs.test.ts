import { expect, test } from 'vitest'
import type { Environment } from '../../../src/config/variables.ts'
import { LOCAL, parse, problemsOf, SIGNING } from './parsed.ts'

const HOUR = 3_600_000
const retained = (env: Environment) => parse({ ...LOCAL, ...env }).upkeep.retentionRunsMs
const problems = (env: Environment) => problemsOf({ ...LOCAL, ...env })

test('submissions are kept for ever unless RETENTION_RUNS is set', () => {
  expect(retained({})).toBeNull()
  expect(retained({ RETENTION_RUNS: '' })).toBeNull()
  expect(retained({ EXPIRE_AFTER: '60d', RETENTION: '1d' })).toBeNull()
})

test.each([
  ['25h', 25 * HOUR],
  ['1500m', 25 * HOUR],
  ['90000s', 25 * HOUR],
  ['90000000ms', 25 * HOUR],
  ['400d', 9_600 * HOUR],
])('RETENTION_RUNS=%s is a time of its own, whatever RETENTION is, and no warning', (value, ms) => {
  expect(retained({ RETENTION_RUNS: value })).toBe(ms)
  const config = parse({ ...LOCAL, TRACKER_WEBHOOK_SECRET: SIGNING, RETENTION: '1h', RETENTION_RUNS: value })
  expect(config.upkeep).toMatchObject({ retentionMs: HOUR, retentionRunsMs: ms })
  expect(config.warnings).toEqual([])
})

test.each([
  ['25h in other units, less one', '89999999ms', undefined],
  ['a day', '1d', undefined],
  ['EXPIRE_AFTER, where that is longer', '47h', '2d'],
  ['25h, where EXPIRE_AFTER is shorter', '2h', '1h'],
])('less than %s is a problem that says how long it must be', (_, RETENTION_RUNS, EXPIRE_AFTER) => {
  expect(problems({ RETENTION_RUNS, EXPIRE_AFTER })).toEqual([
    expect.stringMatching(/^RETENTION_RUNS: must be at least 25h and at least EXPIRE_AFTER/),
  ])
})

test('as long as EXPIRE_AFTER is long enough', () => {
  expect(retained({ RETENTION_RUNS: '2d', EXPIRE_AFTER: '48h' })).toBe(48 * HOUR)
})

test.each(['none', '0', '0d', '-90d', '90', '90 days', '1w'])(
  'RETENTION_RUNS=%s is no duration, which is the only problem',
  (value) => {
    expect(problems({ RETENTION_RUNS: value })).toEqual([
      'RETENTION_RUNS: should be a duration such as 10m or 25h',
    ])
  },
)

test('a wrong EXPIRE_AFTER is the only problem of a RETENTION_RUNS that is long enough for its default', () => {
  expect(problems({ RETENTION_RUNS: '25h', EXPIRE_AFTER: 'long' })).toEqual([
    expect.stringMatching(/^EXPIRE_AFTER: should be a duration/),
  ])
})
