import { expect, test } from 'vitest'
import { createFormWriter } from '../../../src/imagekit/form-writer.ts'

test('no name, file name or content type can end its line or its quotes', () => {
  const writer = createFormWriter()
  const evil = 'a"\r\nX-Evil: 1\r\n\r\n'
  const head = writer.partHead({ name: evil, fileName: evil, contentType: 'a/b\r\nX-Evil: 1' })
  // The boundary, two headers, the empty line, and nothing after it; two quotes around the name and two around the file name.
  expect(head.split('\r\n')).toHaveLength(5)
  expect(head.match(/"/g)).toHaveLength(4)
})

test('each form has its own boundary', () => {
  expect(createFormWriter().contentType).not.toBe(createFormWriter().contentType)
})
