import { pino } from 'pino'
import { expect, test } from 'vitest'
import { escapeLines } from '../../src/log.ts'

test('control, bidirectional, invisible and line-separating characters of keys and values are escaped, and nothing else changes', () => {
  const written: string[] = []
  const output = escapeLines({ write: (text) => written.push(text) })
  const unsafeCodes = [
    [0x00, 0x1f],
    [0x7f, 0x9f],
    [0xad, 0xad],
    [0x61c, 0x61c],
    [0x180e, 0x180e],
    [0x200b, 0x200f],
    [0x2028, 0x202e],
    [0x2060, 0x206f],
    [0xfeff, 0xfeff],
    [0xfff9, 0xfffb],
    [0xe0000, 0xe007f],
  ].flatMap(([from = 0, to = 0]) => Array.from({ length: to - from + 1 }, (_, index) => from + index))
  const unsafeText = String.fromCodePoint(...unsafeCodes)
  const safeText = 'Größe 尺寸 📷 "\\'
  const log = pino({ base: null, timestamp: false }, output)
  log.info(
    { [`key${unsafeText}${safeText}`]: { nested: [`${unsafeText}${safeText}`] }, err: new Error(unsafeText) },
    `msg${unsafeText}`,
  )
  const [line = ''] = written
  expect(line.endsWith('\n')).toBe(true)
  const characters = new Set(line.slice(0, -1))
  expect(unsafeCodes.filter((code) => characters.has(String.fromCodePoint(code)))).toEqual([])
  // JSON itself escapes quotes and backslashes.
  for (const character of safeText.replace(/["\\]/g, '')) expect(line).toContain(character)
  expect(JSON.parse(line)).toMatchObject({
    [`key${unsafeText}${safeText}`]: { nested: [`${unsafeText}${safeText}`] },
    err: { message: unsafeText },
    msg: `msg${unsafeText}`,
  })
})
