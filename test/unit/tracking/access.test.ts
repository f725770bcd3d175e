import { expect, test } from 'vitest'
import { createAccess } from '../../../src/tracking/access.ts'

const API = { name: 'app', secret: 'api-secret-0123456789' }
const OLD = { name: 'old', secret: 'old-secret-0123456789' }
const ADMIN = { name: 'operator', secret: 'admin-secret-0123456789' }

const unauthenticated = expect.objectContaining({ code: 'unauthenticated' })

test('each key identifies a caller with its name and role; an admin key identifies an operator', () => {
  const access = createAccess([API, OLD], [ADMIN])
  expect(access.identify(API.secret)).toEqual({ keyName: 'app', role: 'api' })
  expect(access.identify(OLD.secret)).toEqual({ keyName: 'old', role: 'api' })
  expect(access.identify(ADMIN.secret)).toEqual({ keyName: 'operator', role: 'admin' })
  expect(access.identifyOperator(ADMIN.secret)).toEqual({ keyName: 'operator', role: 'admin' })
})

test('an API key is forbidden where an admin key is required; a missing or wrong key is unauthenticated', () => {
  const access = createAccess([API], [ADMIN])
  expect(() => access.identifyOperator(API.secret)).toThrow(expect.objectContaining({ code: 'forbidden' }))
  for (const secret of [undefined, '', 'x', ADMIN.secret.slice(1), `${ADMIN.secret}x`]) {
    expect(() => access.identifyOperator(secret)).toThrow(unauthenticated)
    expect(() => access.identify(secret)).toThrow(unauthenticated)
  }
})

test('without configured keys every caller is local, whatever key it sends', () => {
  const access = createAccess([], [])
  for (const secret of [undefined, 'private_whatever']) {
    expect(access.identify(secret)).toEqual({ keyName: 'local', role: 'local' })
    expect(access.identifyOperator(secret)).toEqual({ keyName: 'local', role: 'local' })
  }
})

test('once any key is configured, callers and operators need a key', () => {
  expect(() => createAccess([API], []).identifyOperator(undefined)).toThrow(unauthenticated)
  expect(() => createAccess([], [ADMIN]).identify(undefined)).toThrow(unauthenticated)
  expect(createAccess([], [ADMIN]).identify(ADMIN.secret).role).toBe('admin')
})

test('the error for an unknown key does not repeat the key', () => {
  const access = createAccess([API], [ADMIN])
  expect(() => access.identify('wrong-0123456789')).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('wrong') }),
  )
})
