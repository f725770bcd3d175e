import { expect, test } from 'vitest'
import type { Alert } from '../../../src/domain/alert.ts'
import { alertMessage } from '../../../src/tracking/alerts/alert-message.ts'
import { createCapabilityTokens } from '../../../src/tracking/capability-tokens.ts'
import { createLinks } from '../../../src/tracking/links.ts'

const THRESHOLDS = { failures: { count: 10, withinMs: 900_000 }, pendingAgeMs: 7_200_000 }
const TOKENS = createCapabilityTokens(['a secret of the tests'])
const LINKS = createLinks(() => 'https://tracker.example/sub', TOKENS)
const FIRING: Alert = {
  kind: 'failures',
  extension: 'remove-bg',
  alertId: 'alert-1',
  state: 'firing',
  since: Date.parse('2026-03-01T12:00:30Z'),
  passedAt: 0,
  resolvedAt: null,
  value: 12,
  isReported: false,
}
const message = (changes: Partial<Alert> = {}) => alertMessage({ ...FIRING, ...changes }, THRESHOLDS, LINKS)

test('failures are reported with their count, the threshold, the times of the alert, and the page that lists them', () => {
  expect(message()).toEqual({
    text:
      'FIRING: remove-bg has failed 12 times in the last 15 min (threshold 10).\n' +
      'https://tracker.example/sub/admin/failures?extension=remove-bg',
    alert: 'failures',
    state: 'firing',
    extension: 'remove-bg',
    count: 12,
    ageSeconds: null,
    threshold: 10,
    windowSeconds: 900,
    since: '2026-03-01T12:00:30.000Z',
    resolvedAt: null,
    url: 'https://tracker.example/sub/admin/failures?extension=remove-bg',
  })
  expect(message({ state: 'resolved', resolvedAt: FIRING.since + 60_000, value: 0 })).toMatchObject({
    text: expect.stringContaining(
      'RESOLVED: remove-bg has failed 0 times in the last 15 min; the alert had been firing since 2026-03-01 12:00 UTC.',
    ),
    state: 'resolved',
    resolvedAt: '2026-03-01T12:01:30.000Z',
  })
})

test('a single failure is reported in the singular', () => {
  expect(message({ value: 1 })).toMatchObject({
    text: expect.stringContaining('has failed 1 time in the last'),
  })
})

test('the oldest pending run is reported with its age', () => {
  const oldest = { kind: 'oldest_pending', extension: '', value: 7_500_000 } as const
  expect(message(oldest)).toMatchObject({
    text: expect.stringMatching(
      /^FIRING: the oldest pending extension has waited for 2 h 5 min \(threshold 2 h\)\.\nhttps/,
    ),
    alert: 'oldest_pending',
    extension: null,
    count: null,
    ageSeconds: 7_500,
    threshold: 7_200,
    windowSeconds: null,
    url: 'https://tracker.example/sub/admin/failures?status=pending',
  })
})

test('an untrusted name cannot mention a channel or break the line, and is truncated; the URL contains the whole name', () => {
  const extension = `<!channel> & <https://evil.example|click>\n\u202e${'x'.repeat(500)}`
  const { text, url } = message({ extension }) as { text: string; url: string }
  expect(text).not.toMatch(/[<>\u202e]|&(?!(amp|lt|gt);)/)
  expect(text.split('\n')).toHaveLength(2)
  // The name has at most 100 characters before `<`, `>` and `&` are escaped.
  expect(text.split('\n')[0]?.length).toBeLessThan(220)
  expect(new URL(url).searchParams.get('extension')).toBe(extension)
})

test('a count at the counting limit is reported as "at least"', () => {
  expect(message({ value: 10_000 })).toMatchObject({
    text: expect.stringContaining('has failed at least 10000 times'),
  })
})
