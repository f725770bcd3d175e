import { expect, test } from 'vitest'
import { readExtensionResult } from '../../../src/imagekit/extension-webhook.ts'
import { parseExtensions } from '../../../src/imagekit/extensions-parameter.ts'

const INVALID_TEXTS = ['', 'remove\0bg', 'remove\ud800bg', 'x'.repeat(257)]

test.each(INVALID_TEXTS)('an extension cannot be called %j', (name) => {
  expect(() => parseExtensions([{ name }])).toThrow('invalid extensions')
  expect(parseExtensions([{ name: 'remove-bg ☃' }])).toEqual([{ name: 'remove-bg ☃' }])
})

test.each(INVALID_TEXTS)(
  'in a webhook whose service and fileId are both %j, they count as absent',
  (name) => {
    const payload = { service: name, status: 'FAILURE', fileId: name, error: 'why' }
    const result = readExtensionResult(payload, JSON.stringify(payload).length)
    expect(result).toEqual({ service: null, status: 'failed', fileId: null, error: 'why' })
  },
)
