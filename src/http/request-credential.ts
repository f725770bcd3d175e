import type { IncomingMessage } from 'node:http'
import type { ReaderCredential } from '../tracking/status/authorize-reader.ts'
import { requestKey } from './request-key.ts'

/** `Authorization` takes precedence over `?token=`. */
export function requestCredential(incoming: IncomingMessage, query: URLSearchParams): ReaderCredential {
  if (incoming.headers.authorization !== undefined) return { by: 'key', secret: requestKey(incoming) }
  const token = query.get('token')
  return token === null ? { by: 'nothing' } : { by: 'token', token }
}
