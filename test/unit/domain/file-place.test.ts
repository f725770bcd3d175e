import { expect, test } from 'vitest'
import { mayBeAt, placeOf } from '../../../src/domain/file-place.ts'

const URL_OF = (path: string) => `https://ik.imagekit.io/demo${path}?updatedAt=1`

test('a place has one slash before each name', () => {
  expect(placeOf(['/a//b/', 'c.jpg'], false)).toEqual({ path: '/a/b/c.jpg', isFolder: false })
  expect(placeOf(['a'], true)).toEqual({ path: '/a', isFolder: true })
})

test('a file may be at a path with which its URL ends', () => {
  const place = placeOf(['/a b', 'c.jpg'], false)
  expect(mayBeAt(URL_OF('/a%20b/c.jpg'), place)).toBe(true)
  expect(mayBeAt(URL_OF('/a%20b/c.jpg/d'), place)).toBe(false)
  expect(mayBeAt(URL_OF('/x/c.jpg'), place)).toBe(false)
  expect(mayBeAt(URL_OF('/xa%20b/c.jpg'), place)).toBe(false)
})

test('a file may be in a folder that its URL contains, at any depth', () => {
  const place = placeOf(['/a/b'], true)
  expect(mayBeAt(URL_OF('/a/b/c.jpg'), place)).toBe(true)
  expect(mayBeAt(URL_OF('/a/b/d/c.jpg'), place)).toBe(true)
  expect(mayBeAt(URL_OF('/a/bc.jpg'), place)).toBe(false)
  expect(mayBeAt(URL_OF('/%zz/a/b/c'), place)).toBe(true)
})
