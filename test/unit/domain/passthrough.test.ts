import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isForwarded, readTarget, requiresAdmin } from '../../../src/domain/passthrough.ts'

const VERSION = { path: '/v1/files/:fileId/versions/:versionId' }
const FILE = { path: '/v1/files/:fileId' }

test('a target is read with its parameters and its query; a trailing slash is dropped', () => {
  expect(readTarget('/v1/files/a1/versions/b%20c/?x=%2E%2E/&y', VERSION)).toEqual({
    path: '/v1/files/a1/versions/b%20c',
    params: { fileId: 'a1', versionId: 'b c' },
    query: '?x=%2E%2E/&y',
  })
  expect(readTarget('/v1/files', { path: '/v1/files' })).toMatchObject({ path: '/v1/files', query: '' })
})

test.each([
  '/v1/files/..',
  '/v1/files/.',
  '/v1/files/%2e%2e',
  '/v1/files/.%2E',
  '/v1/files/a%2Fb',
  '/v1/files/a%5cb',
  '/v1/files/a%252fb',
  '/v1/files/a%3Bb',
  '/v1/files/a;b',
  '/v1/files/a\\b',
  '/v1/files/a%00',
  '/v1/files/a%0d%0a',
  '/v1/files/%zz',
  '/v1/files/%ff',
  '/v1/files/é',
  '/v1/files/a b',
  '/v1/files/a#b',
  '/v1/files/',
  '/v1/files//',
  '/v1/files/a//',
  '/v1//files/a',
  '//v1/files/a',
  '/v1/files/../files/a',
  '/v1/%66iles/a',
  '/V1/files/a',
  '/v1/accounts/a',
  'http://other.example/v1/files/a',
  '',
])('the target %s of the route of a file is rejected', (target) => {
  expect(readTarget(target, FILE)).toBeNull()
})

test('whatever the parameter, the path arrives unchanged at every server that normalises paths', () => {
  const character = fc.constantFrom(
    ...'aZ0.~-_/\\;%?#&=+:@!\u0000é '.split(''),
    '%2e',
    '%2F',
    '%5c',
    '%25',
    '..',
  )
  fc.assert(
    fc.property(fc.array(character, { maxLength: 8 }), (parts) => {
      const target = readTarget(`/v1/files/${parts.join('')}`, FILE)
      if (target === null) return
      const { pathname, search } = new URL(target.path, 'http://imagekit.example')
      expect(pathname).toBe(target.path)
      expect(search).toBe('')
      const decoded = decodeURIComponent(decodeURIComponent(target.path))
      expect(decoded.split(/[/\\;]/)).toEqual(['', 'v1', 'files', target.params['fileId']])
      expect(target.params['fileId']).not.toMatch(/^\.*$/)
    }),
    { numRuns: 2000 },
  )
})

test('read forwards only GET, off forwards nothing, and what deletes needs an admin key', () => {
  const modes = (method: string) =>
    (['off', 'read', 'all'] as const).map((mode) => isForwarded(mode, { method }))
  expect(modes('GET')).toEqual([false, true, true])
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) expect(modes(method)).toEqual([false, false, true])
  expect(requiresAdmin({ method: 'DELETE', path: '/v1/folder' })).toBe(true)
  expect(requiresAdmin({ method: 'POST', path: '/v1/files/batch/deleteByFileIds' })).toBe(true)
  expect(requiresAdmin({ method: 'POST', path: '/v1/files/copy' })).toBe(false)
})
