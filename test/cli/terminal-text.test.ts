import fc from 'fast-check'
import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import { formatPairs, formatTable } from '../../src/cli/table.ts'
import { escapeForTerminal, padTo, stringifyForTerminal, truncateTo } from '../../src/cli/terminal-text.ts'
import { findUnsafeCharacters } from './unsafe-characters.ts'

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('\u001b', '[', '2', 'J', '\u009b', '\u202e', '\n', '\r', '\u0007', 'a'),
  }),
)

test('escaped text is on one line and has no unsafe characters; joiners stay', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(findUnsafeCharacters(escapeForTerminal(text))).toEqual([])
    }),
  )
  expect(escapeForTerminal('\u001b]0;owned\u0007')).toBe('\\u{1b}]0;owned\\u{7}')
  expect(escapeForTerminal('invoice\u202egnp.exe')).toBe('invoice\\u{202e}gnp.exe')
  expect(escapeForTerminal('one\r\nok    database')).toBe('one ok    database')
  expect(escapeForTerminal('می\u200cخواهم 👩\u200d💻 日本語')).toBe('می\u200cخواهم 👩\u200d💻 日本語')
})

test('escaped JSON is on one line, has no unsafe characters, and has the same meaning', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const json = stringifyForTerminal({ [text]: text })
      expect(findUnsafeCharacters(json)).toEqual([])
      expect(JSON.parse(json)).toEqual({ [text]: text })
    }),
  )
  expect(stringifyForTerminal('\u009b2J')).toBe('"\\u009b2J"')
  // An unassigned, invisible character: JSON escapes each half of its surrogate pair.
  expect(stringifyForTerminal('\u{e0002}')).toBe('"\\udb40\\udc02"')
})

test.each([
  ['abc', 3],
  ['日本語', 6],
  ['한글', 4],
  ['ｶﾀｶﾅ', 4],
  ['👩‍💻', 2],
  ['e\u0301', 1],
  ['é', 1],
  ['❤️', 2],
  ['', 0],
])('%j takes %i columns, which padding takes into account', (text, columns) => {
  expect(stringWidth(text)).toBe(columns)
  expect(stringWidth(padTo(text, 8))).toBe(8)
})

test('a text is truncated between characters, never inside one', () => {
  expect(truncateTo('日本語', 6)).toBe('日本語')
  expect(truncateTo('日本語', 5)).toBe('日本…')
  expect(truncateTo('日本語', 4)).toBe('日…')
  expect(truncateTo('a👩‍💻b', 3)).toBe('a…')
})

const FILES = [
  { id: 'one', name: '日本語.png', error: 'a long sentence that says what was wrong with it' },
  { id: 'four', name: '\u001b[2J.png', error: null },
]
const COLUMNS = [
  { title: 'ID', cell: (row: (typeof FILES)[0]) => row.id },
  { title: 'NAME', cell: (row: (typeof FILES)[0]) => row.name },
  { title: 'ERROR', cell: (row: (typeof FILES)[0]) => row.error, isTruncatable: true as const },
]

test('the columns of a table are aligned, even with wide characters', () => {
  expect(formatTable(COLUMNS, FILES)).toBe(
    [
      'ID    NAME           ERROR',
      'one   日本語.png     a long sentence that says what was wrong with it',
      'four  \\u{1b}[2J.png  -',
    ].join('\n'),
  )
})

test('on a narrow terminal only the columns that allow it are truncated, and never the ids', () => {
  const lines = formatTable(COLUMNS, FILES, 40).split('\n')
  expect(Math.max(...lines.map((line) => stringWidth(line)))).toBe(40)
  expect(lines[1]).toBe('one   日本語.png     a long sentence th…')
  // The table is wider than the terminal, because the other columns don't fit in 10.
  expect(formatTable(COLUMNS, FILES, 10).split('\n')[2]).toContain('four  \\u{1b}[2J.png')
})

test('the values of pairs are escaped', () => {
  expect(formatPairs([['a', '\u001b[2J']])).toBe('a  \\u{1b}[2J')
})
