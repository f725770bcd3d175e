import { expect, test } from 'vitest'
import type { Environment } from '../../../src/config/variables.ts'
import { LOCAL, parse, problemsOf, SIGNING_SECRET } from './parse-env.ts'

const HOUR = 3_600_000
const retentionRunsOf = (env: Environment) => parse({ ...LOCAL, ...env }).maintenance.retentionRunsMs
const problems = (env: Environment) => problemsOf({ ...LOCAL, ...env })

test('submissions are kept forever unless RETENTION_RUNS is set', () => {
  expect(retentionRunsOf({})).toBeNull()
  expect(retentionRunsOf({ RETENTION_RUNS: '' })).toBeNull()
  expect(retentionRunsOf({ EXPIRE_AFTER: '60d', RETENTION: '1d' })).toBeNull()
})

test.each([
  ['25h', 25 * HOUR],
  ['1500m', 25 * HOUR],
  ['90000s', 25 * HOUR],
  ['90000000ms', 25 * HOUR],
  ['400d', 9_600 * HOUR],
])('RETENTION_RUNS=%s does not depend on RETENTION and produces no warning', (value, ms) => {
  expect(retentionRunsOf({ RETENTION_RUNS: value })).toBe(ms)
  const config = parse({
    ...LOCAL,
    TRACKER_WEBHOOK_SECRET: SIGNING_SECRET,
    RETENTION: '1h',
    RETENTION_RUNS: value,
  })
  expect(config.maintenance).toMatchObject({ retentionMs: HOUR, retentionRunsMs: ms })
  expect(config.warnings).toEqual([])
})

test.each([
  ['a millisecond less than 25h', '89999999ms', undefined],
  ['a day', '1d', undefined],
  ['less than EXPIRE_AFTER', '47h', '2d'],
  ['less than 25h but longer than EXPIRE_AFTER', '2h', '1h'],
])('a RETENTION_RUNS of %s is a problem that states the minimum', (_, RETENTION_RUNS, EXPIRE_AFTER) => {
  expect(problems({ RETENTION_RUNS, EXPIRE_AFTER })).toEqual([
    expect.stringMatching(/^RETENTION_RUNS: must be at least 25h and at least EXPIRE_AFTER/),
  ])
})

test('RETENTION_RUNS may equal EXPIRE_AFTER', () => {
  expect(retentionRunsOf({ RETENTION_RUNS: '2d', EXPIRE_AFTER: '48h' })).toBe(48 * HOUR)
})

test.each(['none', '0', '0d', '-90d', '90', '90 days', '1w'])(
  'RETENTION_RUNS=%s is not a valid duration, which is the only problem',
  (value) => {
    expect(problems({ RETENTION_RUNS: value })).toEqual([
      'RETENTION_RUNS: must be a duration such as 10m or 25h',
    ])
  },
)

test('an invalid EXPIRE_AFTER is the only problem if RETENTION_RUNS is long enough for the default of EXPIRE_AFTER', () => {
  expect(problems({ RETENTION_RUNS: '25h', EXPIRE_AFTER: 'long' })).toEqual([
    expect.stringMatching(/^EXPIRE_AFTER: must be a duration/),
  ])
})
