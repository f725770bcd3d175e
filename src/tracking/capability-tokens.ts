import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'

/** Proves that its holder was given it for one subject (a submission or a file), and for one purpose. */
export type Capability = {
  /** `mac` in base64url, 43 characters. */
  sign(subject: string): string
  verify(subject: string, mac: string): boolean
}

export type CapabilityTokens = {
  webhook: Capability
  status: Capability
  submission: Capability
  session: Capability
  /** Hashes what failed attempts to sign in are counted by. */
  signIn: Capability
  /** A key check value of 48 bits: tells the secret that signs from others, and does not reveal it. */
  checkValue: number
  /** Whether it is that of one of the secrets. */
  hasCheckValue(value: number): boolean
}

/** The first secret signs, all verify. Each purpose has its own subkey (HKDF-SHA-256), so that no token opens another door. */
export function createCapabilityTokens(secrets: readonly string[]): CapabilityTokens {
  return {
    webhook: createCapability(secrets, 'webhook'),
    status: createCapability(secrets, 'status'),
    submission: createCapability(secrets, 'submission'),
    session: createCapability(secrets, 'session'),
    signIn: createCapability(secrets, 'sign-in'),
    ...createCheckValues(secrets),
  }
}

function createCheckValues(
  secrets: readonly string[],
): Pick<CapabilityTokens, 'checkValue' | 'hasCheckValue'> {
  const [first, ...older] = secrets.map((secret) => macOf(deriveKey(secret, 'check'), '').readUIntBE(0, 6))
  if (first === undefined) throw new Error('a token secret is needed')
  return { checkValue: first, hasCheckValue: (value) => [first, ...older].includes(value) }
}

function createCapability(secrets: readonly string[], purpose: string): Capability {
  const [signing, ...older] = secrets.map((secret) => deriveKey(secret, purpose))
  if (signing === undefined) throw new Error('a token secret is needed')
  const keys = [signing, ...older]
  return {
    sign: (subject) => macOf(signing, subject).toString('base64url'),
    verify(subject, mac) {
      const given = Buffer.from(mac, 'base64url')
      if (given.length !== MAC_BYTES || given.toString('base64url') !== mac) return false
      return keys.some((key) => timingSafeEqual(macOf(key, subject), given))
    },
  }
}

const MAC_BYTES = 32

function deriveKey(secret: string, purpose: string): KeyObject {
  const bytes = hkdfSync('sha256', secret, '', `imagekit-extension-tracker ${purpose} v1`, 32)
  return createSecretKey(Buffer.from(bytes))
}

function macOf(key: KeyObject, subject: string): Buffer {
  return createHmac('sha256', key).update(subject).digest()
}
