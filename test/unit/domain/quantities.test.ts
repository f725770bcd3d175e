import { expect, test } from 'vitest'
import {
  parseDurationMs,
  parseInteger,
  parseRate,
  parseSizeBytes,
  parseTime,
} from '../../../src/domain/quantities.ts'

test.each([
  ['250ms', 250],
  ['10s', 10_000],
  ['15m', 900_000],
  ['25h', 90_000_000],
  ['90d', 7_776_000_000],
  ['0m', 0],
])('the duration %s is %i ms', (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms)
})

test.each([
  '',
  '10',
  'm',
  '10 m',
  '1.5h',
  '-1h',
  '10M',
  '10min',
  '1h30m',
  // Every object has a property `constructor`, also the table of the units.
  '10constructor',
  `${'9'.repeat(20)}ms`,
])('%j is not a duration', (text) => {
  expect(parseDurationMs(text)).toBeUndefined()
})

test.each([
  ['1B', 1],
  ['4KiB', 4096],
  ['500MiB', 524_288_000],
  ['2GiB', 2_147_483_648],
])('the size %s is %i bytes', (text, bytes) => {
  expect(parseSizeBytes(text)).toBe(bytes)
})

test.each(['2GB', '2', '2gib', '1TiB', '0x1B'])('%j is not a size', (text) => {
  expect(parseSizeBytes(text)).toBeUndefined()
})

test('a rate is a count within a duration', () => {
  expect(parseRate('10/15m')).toEqual({ count: 10, withinMs: 900_000 })
  for (const text of ['10', '/15m', '10/', '10/15', '10/0m', '1/2m/3m', 'x/1m'])
    expect(parseRate(text)).toBeUndefined()
})

test('an integer consists of 1 to 15 digits', () => {
  expect(parseInteger('42')).toBe(42)
  for (const text of ['', '-1', '1.0', '1e3', '0x10', ' 1', '9'.repeat(16)])
    expect(parseInteger(text)).toBeUndefined()
})

test.each([
  ['2026-11-24 18:00:00 UTC', '2026-11-24T18:00:00.000Z'],
  ['2026-11-24 18:00:00Z', '2026-11-24T18:00:00.000Z'],
  ['2026-11-24 18:00:00.457 UTC', '2026-11-24T18:00:00.457Z'],
  ['2026-11-24T18:00:00.457Z', '2026-11-24T18:00:00.457Z'],
  ['2026-11-24T18:00:00+02:00', '2026-11-24T16:00:00.000Z'],
  ['2026-11-24T18:00', '2026-11-24T18:00:00.000Z'],
  ['2026-11-24', '2026-11-24T00:00:00.000Z'],
])('the time %s is %s', (text, iso) => {
  expect(parseTime(text)).toBe(Date.parse(iso))
})

test.each([
  '',
  'yesterday',
  '1700000000',
  '2026-13-01',
  '2026-02-30T00:00',
  '2026-11-24 25:00',
  '24.11.2026',
  '2026-11-24 18:00 CET',
])('%j is not a time', (text) => {
  expect(parseTime(text)).toBeUndefined()
})
