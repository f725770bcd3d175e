import { expect, test } from 'vitest'
import { markInvisibleCharacters, visibleText } from '../../../src/admin/mark-invisible-characters.ts'

test.each([
  ['plain', 'plain'],
  ['évènement 写真 مرحبا.png', 'évènement 写真 مرحبا.png'],
  ['a\u202Eb', 'a[U+202E]b'],
  ['\u2066a\u2069', '[U+2066]a[U+2069]'],
  ['a\u0000\u001b[31m', 'a[U+0000][U+001B][31m'],
  ['a\nb\tc\rd', 'a[U+000A]b[U+0009]c[U+000D]d'],
  ['\u200e\u200f\u061c\ufeff\u200b\u2028', '[U+200E][U+200F][U+061C][U+FEFF][U+200B][U+2028]'],
  ['\ud800x', '[U+D800]x'],
  // Joiners and non-joiners are not marked, because emoji and some scripts need them.
  ['👩\u200d👩', '👩\u200d👩'],
  ['می\u200cخواهم', 'می\u200cخواهم'],
])('%j is shown as %j', (text, shown) => {
  expect(visibleText(text)).toBe(shown)
})

test('line breaks and tabs are not marked if the text may have several lines', () => {
  expect(markInvisibleCharacters('a\n\tb\u202e', false)).toEqual([
    { text: 'a\n\tb', isMark: false },
    { text: 'U+202E', isMark: true },
  ])
})
