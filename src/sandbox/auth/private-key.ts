import { createHash, timingSafeEqual } from 'node:crypto'
import { ApiError } from '../api-error.ts'

/** The private key that the sandbox accepts; undefined accepts any key. */
export type PrivateKey = string | undefined

/**
 * Authenticates by the private key as user name; the password is ignored (the SDKs send different ones).
 * ImageKit takes the bare key after `Basic` as well.
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

export function isSame(given: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(right))
}
