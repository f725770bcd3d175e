import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isFileId } from '../../../src/domain/plain-text.ts'

test.each(['598821f949c0a938d57563bd', 'x'.repeat(128), 'a?b#c', 'a%2Fb', 'ü ☃', '...', '.a', 'statuses'])(
  '%j can be the id of a file',
  (text) => expect(isFileId(text)).toBe(true),
)

test.each([
  '',
  '.',
  '..',
  'a/b',
  '/',
  'a\\b',
  'a\nb',
  'a\u001b[2J',
  'a\u0000b',
  'a\u007fb',
  'a\u009bb',
  'a\ud800b',
  // `status` and `retry` are in the place of an id in the routes `/assets/status` and `/runs/retry`.
  'status',
  'retry',
  'x'.repeat(129),
])('%j cannot be the id of a file', (text) => expect(isFileId(text)).toBe(false))

test('the id of a file is one segment of a URL path and can be read back from it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
      fc.pre(isFileId(text))
      const { pathname } = new URL(`/files/${encodeURIComponent(text)}/details`, 'http://host.invalid')
      const segments = pathname.split('/').map(decodeURIComponent)
      expect(segments).toEqual(['', 'files', text, 'details'])
    }),
  )
})
