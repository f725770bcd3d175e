import { expect, test } from 'vitest'
import { mayFillBackground } from '../../../src/domain/filled-background.ts'

test.each([
  [{ name: 'remove-bg', options: { bg_color: 'blue' } }],
  [{ name: 'remove-bg', options: { bg_image_url: 'https://example.com/sky.jpg' } }],
  [{ name: 'saved-extension', id: 'ext_1' }],
])('%j may request a background', (extension) => {
  expect(mayFillBackground([{ name: 'ai-tasks' }, extension])).toBe(true)
})

test.each([
  [{ name: 'remove-bg' }],
  [{ name: 'remove-bg', options: null }],
  [{ name: 'remove-bg', options: { add_shadow: true } }],
  [{ name: 'ai-tasks', options: { bg_color: 'blue' } }],
])('%j does not request a background', (extension) => {
  expect(mayFillBackground([extension])).toBe(false)
})
