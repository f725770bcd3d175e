import { expect, test } from 'vitest'
import { LOCAL, parse, problemsOf, UNSIGNED_WARNING } from './parse-env.ts'

const CHAT_URL = 'https://hooks.slack.example/services/T0/B0/secret'

test('ALERT_WEBHOOK_URL is sufficient; the thresholds have defaults', () => {
  const { alerting } = parse({ ...LOCAL, ALERT_WEBHOOK_URL: CHAT_URL })
  const failures = { count: 10, withinMs: 900_000 }
  expect(alerting).toEqual({ url: CHAT_URL, failures, pendingAgeMs: 7_200_000 })
})

test('thresholds are parsed', () => {
  const env = { ...LOCAL, ALERT_WEBHOOK_URL: CHAT_URL, ALERT_FAILURES: '1/30s', ALERT_PENDING_AGE: '90m' }
  const failures = { count: 1, withinMs: 30_000 }
  expect(parse(env).alerting).toMatchObject({ failures, pendingAgeMs: 5_400_000 })
})

test('thresholds without ALERT_WEBHOOK_URL produce warnings', () => {
  const { alerting, warnings } = parse({ ...LOCAL, ALERT_FAILURES: '5/1h', ALERT_PENDING_AGE: '1h' })
  expect(alerting).toBeNull()
  expect(warnings).toEqual([
    UNSIGNED_WARNING,
    'ALERT_FAILURES has no effect without ALERT_WEBHOOK_URL',
    'ALERT_PENDING_AGE has no effect without ALERT_WEBHOOK_URL',
  ])
})

test('a private address produces a warning unless ALLOW_PRIVATE_TARGETS is true; a name that needs a DNS lookup produces none', () => {
  const warningsOf = (url: string, more = {}) => parse({ ...LOCAL, ALERT_WEBHOOK_URL: url, ...more }).warnings
  const expectedWarnings = [
    UNSIGNED_WARNING,
    expect.stringMatching(/^ALERT_WEBHOOK_URL has a private address/),
  ]
  expect(warningsOf('http://10.0.0.7/')).toEqual(expectedWarnings)
  expect(warningsOf('http://[::1]:9000/')).toEqual(expectedWarnings)
  expect(warningsOf('http://10.0.0.7/', { ALLOW_PRIVATE_TARGETS: 'true' })).toEqual([UNSIGNED_WARNING])
  expect(warningsOf(CHAT_URL)).toEqual([UNSIGNED_WARNING])
})

test.each([
  ['ALERT_WEBHOOK_URL', 'mailto:someone'],
  ['ALERT_WEBHOOK_URL', 'https://user:hush@chat.example'],
  ['ALERT_FAILURES', '0/15m'],
  ['ALERT_FAILURES', '10/0m'],
  ['ALERT_PENDING_AGE', '0h'],
])('%s=%s is a problem, and a password is not quoted', (name, text) => {
  const problems = problemsOf({ ...LOCAL, [name]: text })
  expect(problems.map((problem) => problem.split(':')[0])).toEqual([name])
  expect(problems.join()).not.toContain('hush')
})
