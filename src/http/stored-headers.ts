import type { IncomingMessage } from 'node:http'
import type { SignatureCheck } from '../domain/delivery.ts'

const SECRET_HEADERS = new Set(['authorization', 'proxy-authorization', 'cookie'])
const SIGNATURE_HEADERS = ['x-ik-signature', 'webhook-signature']

/** The headers of a delivery as they are kept: those that may hold a secret of somebody's are left out. */
export function storedHeaders(incoming: IncomingMessage): {
  headers: { [name: string]: string }
  signature: SignatureCheck
} {
  const headers: { [name: string]: string } = {}
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined && !SECRET_HEADERS.has(name))
      headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  const isSigned = SIGNATURE_HEADERS.some((name) => headers[name] !== undefined)
  return { headers, signature: isSigned ? 'unchecked' : 'absent' }
}
