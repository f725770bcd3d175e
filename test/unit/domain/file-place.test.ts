import { expect, test } from 'vitest'
import { mayBeAt, mayBeNamed, placeOf } from '../../../src/domain/file-place.ts'

const URL_OF = (path: string) => `https://ik.imagekit.io/demo${path}?updatedAt=1`

test('a place has one slash before each name', () => {
  expect(placeOf(['/a//b/', 'c.jpg'], false)).toEqual({ path: '/a/b/c.jpg', isFolder: false })
  expect(placeOf(['a'], true)).toEqual({ path: '/a', isFolder: true })
  expect(placeOf(['./ a b /c&d'], true)).toEqual({ path: '/a_b/c_d', isFolder: true })
})

test('a file may be at a path with which its URL ends', () => {
  const place = placeOf(['/a b', 'c.jpg'], false)
  expect(mayBeAt(URL_OF('/a%20b/c.jpg'), place)).toBe(true)
  expect(mayBeAt(URL_OF('/a_b/c.jpg'), place)).toBe(true)
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

test('a file may be at a path that ends with its name, and in a folder with any name', () => {
  const place = placeOf(['/a', 'b c.jpg'], false)
  expect(['b c.jpg', null].map((name) => mayBeNamed(name, place))).toEqual([true, true])
  expect(['c.jpg', 'b c.jp', 'a'].map((name) => mayBeNamed(name, place))).toEqual([false, false, false])
  expect(mayBeNamed('x', placeOf(['/a'], true))).toBe(true)
})
