import { createHash, timingSafeEqual } from 'node:crypto'
import { ApiError } from '../api-error.ts'

/** The private key that the sandbox accepts; undefined accepts any key. */
export type PrivateKey = string | undefined

/**
 * Authenticates with the private key as user name and ignores the password (the SDKs send different ones). Like
 * ImageKit, it also accepts the bare key after `Basic`.
 */
export function checkPrivateKey(authorization: string | undefined, privateKey: PrivateKey): void {
  const [, credentials = ''] = /^Basic\s+(\S+)\s*$/i.exec(authorization ?? '') ?? []
  const decoded = Buffer.from(credentials, 'base64').toString('utf8')
  const key = decoded.includes(':') ? decoded.slice(0, decoded.indexOf(':')) : credentials
  if (key === '') throw missingKey()
  if (privateKey !== undefined && !isSame(key, privateKey)) {
    throw new ApiError(403, 'Your account cannot be authenticated.')
  }
}

export function missingKey(): ApiError {
  return new ApiError(401, 'Your request does not contain private API key.')
}

/** Compares in constant time. */
export function isSame(actual: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(actual), digest(expected))
}
