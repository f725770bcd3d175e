import { createHmac, hkdfSync } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCapabilityTokens } from '../../../src/tracking/capability-tokens.ts'

const [NEW, OLD] = ['new-secret-0123456789', 'old-secret-0123456789']
const PURPOSES = ['webhook', 'status', 'submission', 'session', 'signIn'] as const

test('a token is valid for its subject and purpose only', () => {
  const tokens = createCapabilityTokens([NEW])
  for (const purpose of PURPOSES) {
    const mac = tokens[purpose].sign('s1')
    expect(mac).toMatch(/^[\w-]{43}$/)
    for (const other of PURPOSES) expect(tokens[other].verify('s1', mac)).toBe(other === purpose)
    expect(tokens[purpose].verify('s2', mac)).toBe(false)
    expect(tokens[purpose].verify('', mac)).toBe(false)
  }
})

test('a token is an HMAC with a subkey of the first secret', () => {
  const key = Buffer.from(hkdfSync('sha256', NEW, '', 'imagekit-extension-tracker webhook v1', 32))
  const mac = createHmac('sha256', key).update('s1').digest('base64url')
  expect(createCapabilityTokens([NEW, OLD]).webhook.sign('s1')).toBe(mac)
})

test('the first secret signs, all verify, and tokens of a removed secret are invalid', () => {
  const old = createCapabilityTokens([OLD]).status.sign('f1')
  const rotated = createCapabilityTokens([NEW, OLD])
  expect(rotated.status.verify('f1', old)).toBe(true)
  expect(rotated.status.sign('f1')).toBe(createCapabilityTokens([NEW]).status.sign('f1'))
  expect(createCapabilityTokens([NEW]).status.verify('f1', old)).toBe(false)
})

test('any change of a token is rejected, even one that base64 decoding ignores', () => {
  const { webhook } = createCapabilityTokens([NEW])
  const mac = webhook.sign('s1')
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  for (const letter of alphabet) {
    const changed = mac.slice(0, -1) + letter
    expect(webhook.verify('s1', changed)).toBe(changed === mac)
  }
  for (const changed of [
    '',
    mac.slice(1),
    `${mac}A`,
    `${mac}=`,
    ` ${mac}`,
    `${mac}\n`,
    mac.toUpperCase(),
    'é'.repeat(43),
  ])
    expect(webhook.verify('s1', changed)).toBe(false)
})

test('for each subject, no text except its token is accepted', () => {
  const { webhook } = createCapabilityTokens([NEW])
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      (subject, mac) => webhook.verify(subject, mac) === (mac === webhook.sign(subject)),
    ),
  )
})

test('tokens require a secret', () => {
  expect(() => createCapabilityTokens([])).toThrow()
})
