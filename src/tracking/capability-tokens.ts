import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'

/**
 * Signs and verifies tokens for one purpose. A valid token proves that we issued it for this subject, such as a submission or a
 * file.
 */
export type Capability = {
  /** Returns the MAC of the subject in base64url, 43 characters. */
  sign(subject: string): string
  verify(subject: string, mac: string): boolean
}

export type CapabilityTokens = {
  /** For webhook URLs, by submissionId. */
  webhook: Capability
  /** For the URLs of an asset's status and events, by fileId. */
  status: Capability
  /** For the URLs of a submission, by submissionId. */
  submission: Capability
  /** For sessions of operators, and for their CSRF tokens. */
  session: Capability
  /** Hashes the networks and keys by which failed sign-in attempts are counted. */
  signIn: Capability
  /** A key check value of 48 bits: it identifies the signing secret without revealing it. */
  checkValue: number
  /** Whether the value belongs to one of the secrets. */
  hasCheckValue(value: number): boolean
}

/**
 * The first secret signs, all verify. Each purpose has its own subkey (HKDF-SHA-256), so a token is valid for one purpose only.
 */
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
  if (first === undefined) throw new Error('at least one token secret is required')
  return { checkValue: first, hasCheckValue: (value) => [first, ...older].includes(value) }
}

function createCapability(secrets: readonly string[], purpose: string): Capability {
  const [signing, ...older] = secrets.map((secret) => deriveKey(secret, purpose))
  if (signing === undefined) throw new Error('at least one token secret is required')
  const keys = [signing, ...older]
  return {
    sign: (subject) => macOf(signing, subject).toString('base64url'),
    verify(subject, mac) {
      const bytes = Buffer.from(mac, 'base64url')
      if (bytes.length !== MAC_BYTES || bytes.toString('base64url') !== mac) return false
      return keys.some((key) => timingSafeEqual(macOf(key, subject), bytes))
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
