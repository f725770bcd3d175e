import { expect, test } from 'vitest'
import { LOCAL, parse, problemsOf, UNSIGNED } from './parsed.ts'

const URL_OF_CHAT = 'https://hooks.slack.example/services/T0/B0/secret'

test('an address is enough, and the thresholds have defaults', () => {
  const { alerting } = parse({ ...LOCAL, ALERT_WEBHOOK_URL: URL_OF_CHAT })
  const failures = { count: 10, withinMs: 900_000 }
  expect(alerting).toEqual({ url: URL_OF_CHAT, failures, pendingAgeMs: 7_200_000 })
})

test('thresholds are read as they are given', () => {
  const env = { ...LOCAL, ALERT_WEBHOOK_URL: URL_OF_CHAT, ALERT_FAILURES: '1/30s', ALERT_PENDING_AGE: '90m' }
  const failures = { count: 1, withinMs: 30_000 }
  expect(parse(env).alerting).toMatchObject({ failures, pendingAgeMs: 5_400_000 })
})

test('thresholds without an address are told to have no effect', () => {
  const { alerting, warnings } = parse({ ...LOCAL, ALERT_FAILURES: '5/1h', ALERT_PENDING_AGE: '1h' })
  expect(alerting).toBeNull()
  expect(warnings).toEqual([
    UNSIGNED,
    'ALERT_FAILURES has no effect without ALERT_WEBHOOK_URL, which says who is told',
    'ALERT_PENDING_AGE has no effect without ALERT_WEBHOOK_URL, which says who is told',
  ])
})

test('an address that is refused is told at the start, one whose name has to be looked up is not', () => {
  const told = (url: string, more = {}) => parse({ ...LOCAL, ALERT_WEBHOOK_URL: url, ...more }).warnings
  const refused = [UNSIGNED, expect.stringMatching(/^ALERT_WEBHOOK_URL is at a private address/)]
  expect(told('http://10.0.0.7/hush')).toEqual(refused)
  expect(told('http://[::1]:9000/')).toEqual(refused)
  expect(told('http://10.0.0.7/', { ALLOW_PRIVATE_TARGETS: 'true' })).toEqual([UNSIGNED])
  expect(told(URL_OF_CHAT)).toEqual([UNSIGNED])
})

test.each([
  ['ALERT_WEBHOOK_URL', 'mailto:someone'],
  ['ALERT_WEBHOOK_URL', 'https://user:hush@chat.example'],
  ['ALERT_FAILURES', '0/15m'],
  ['ALERT_FAILURES', '10/0m'],
  ['ALERT_PENDING_AGE', '0h'],
])('%s is not taken as %s', (name, text) => {
  const problems = problemsOf({ ...LOCAL, [name]: text })
  expect(problems.map((problem) => problem.split(':')[0])).toEqual([name])
  expect(problems.join()).not.toContain('hush')
})
