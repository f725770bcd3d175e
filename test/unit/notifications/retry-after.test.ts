import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseRetryAfterMs } from '../../../src/notifications/send-notification.ts'

const NOW = Date.parse('2026-03-01T12:00:00.000Z')
const DAY = 86_400_000

test.each([
  ['0', 0],
  ['120', 120_000],
  [' 7 ', 7_000],
  ['86400', DAY],
  ['86401', DAY],
  ['9'.repeat(400), DAY],
  ['Sun, 01 Mar 2026 12:01:30 GMT', 90_000],
  ['Sunday, 01-Mar-26 12:01:30 GMT', 90_000],
  ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
  ['Thu, 01 Jan 2099 00:00:00 GMT', DAY],
])('"%s" requests a delay of %i ms', (value, ms) => expect(parseRetryAfterMs(value, NOW)).toBe(ms))

test.each([
  undefined,
  '',
  'soon',
  '-1',
  '1.5',
  '1e3',
  '0x10',
  '10, 20',
  'Sun, never GMT',
  '2026-03-01T12:01:30Z',
])('"%s" requests no valid delay', (value) => {
  expect(parseRetryAfterMs(value, NOW)).toBeNull()
})

test('For any value, the delay is null or between 0 and a day', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
      ),
      (value) => {
        const ms = parseRetryAfterMs(value, NOW) ?? 0
        expect(ms).toBeGreaterThanOrEqual(0)
        expect(ms).toBeLessThanOrEqual(DAY)
      },
    ),
  )
})
