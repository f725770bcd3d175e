import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evaluate, type FieldValue, parseExpression } from '../../src/sandbox/search/expression.ts'

const fields: Record<string, FieldValue> = {
  size: 1_500_000,
  name: 'cat.jpg',
  tags: ['a', 'b'],
  private: false,
  none: null,
}

test.each([
  ['size < "2MB"', true],
  ['size < "1MB"', false],
  ['size >= 1500000 AND size <= 1500000', true],
  ['"size" = "1500000"', true],
  ['name = "cat.jpg"', true],
  ['name != "cat.jpg"', false],
  // For text, `:` means "starts with", ignoring case.
  ['name : "CAT"', true],
  ['name IN ["dog.jpg", "cat.jpg"]', true],
  ['name NOT IN ["dog.jpg", "cat.jpg"]', false],
  ['tags = "b"', true],
  ['tags : "c"', false],
  ['private = false', true],
  ['none = "x"', false],
  ['none != "x"', true],
  // AND has precedence over OR.
  ['name = "cat.jpg" OR size < 1 AND size < 1', true],
  ['(name = "cat.jpg" OR size < 1) AND size < 1', false],
  ['NOT size < 1 AND NOT (tags = "x")', true],
])('%s is %s', (text, expected) => {
  const expression = parseExpression(text)
  expect(expression && evaluate(expression, (field) => fields[field] ?? null)).toBe(expected)
})

test.each([
  '',
  'name',
  'name =',
  '= "x"',
  'name = "x" AND',
  '(name = "x"',
  'name IN "x"',
  'name IN ["x"',
  'a ! b',
  '"a',
  'a = "b" c = "d"',
])('%j is not an expression', (text) => {
  expect(parseExpression(text)).toBeUndefined()
})

test('no text crashes the parser', () => {
  const pieces = fc.constantFrom(
    'name',
    '"x',
    '"',
    '=',
    '<',
    'IN',
    '[',
    ']',
    ',',
    '(',
    ')',
    'AND',
    'NOT',
    '\\',
    ' ',
    '1MB',
  )
  fc.assert(fc.property(fc.array(pieces), (words) => void parseExpression(words.join(' '))))
  fc.assert(fc.property(fc.string(), (text) => void parseExpression(text)))
})

test('quoted values may contain any character', () => {
  const values = fc.string()
  fc.assert(
    fc.property(values, (value) => {
      // `$&` is the matched quote or backslash.
      const quoted = value.replaceAll(/["\\]/g, '\\$&')
      const expression = parseExpression(`name = "${quoted}"`)
      expect(expression).toEqual({ kind: 'condition', field: 'name', operator: '=', values: [value] })
    }),
  )
})
