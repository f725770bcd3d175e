import { expect, test } from 'vitest'
import { createAccess } from '../../../src/tracking/access.ts'

const API = { name: 'app', secret: 'api-secret-0123456789' }
const OLD = { name: 'old', secret: 'old-secret-0123456789' }
const ADMIN = { name: 'operator', secret: 'admin-secret-0123456789' }

const unauthenticated = expect.objectContaining({ code: 'unauthenticated' })

test('a key is known by its name and opens what its role does', () => {
  const access = createAccess([API, OLD], [ADMIN])
  expect(access.identify(API.secret)).toEqual({ keyName: 'app', role: 'api' })
  expect(access.identify(OLD.secret)).toEqual({ keyName: 'old', role: 'api' })
  expect(access.identify(ADMIN.secret)).toEqual({ keyName: 'operator', role: 'admin' })
  expect(access.identifyOperator(ADMIN.secret)).toEqual({ keyName: 'operator', role: 'admin' })
})

test('an API key is valid but forbidden where an operator is asked for; no key and a wrong one are unauthenticated', () => {
  const access = createAccess([API], [ADMIN])
  expect(() => access.identifyOperator(API.secret)).toThrow(expect.objectContaining({ code: 'forbidden' }))
  for (const secret of [undefined, '', 'x', ADMIN.secret.slice(1), `${ADMIN.secret}x`]) {
    expect(() => access.identifyOperator(secret)).toThrow(unauthenticated)
    expect(() => access.identify(secret)).toThrow(unauthenticated)
  }
})

test('without any key everybody is local, whatever is shown', () => {
  const access = createAccess([], [])
  for (const secret of [undefined, 'private_whatever']) {
    expect(access.identify(secret)).toEqual({ keyName: 'local', role: 'local' })
    expect(access.identifyOperator(secret)).toEqual({ keyName: 'local', role: 'local' })
  }
})

test('a key that is configured alone is asked for everywhere', () => {
  expect(() => createAccess([API], []).identifyOperator(undefined)).toThrow(unauthenticated)
  expect(() => createAccess([], [ADMIN]).identify(undefined)).toThrow(unauthenticated)
  expect(createAccess([], [ADMIN]).identify(ADMIN.secret).role).toBe('admin')
})

test('no refusal repeats what was shown', () => {
  const access = createAccess([API], [ADMIN])
  expect(() => access.identify('shown-0123456789')).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('shown') }),
  )
})
