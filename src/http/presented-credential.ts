import type { IncomingMessage } from 'node:http'
import type { ReaderCredential } from '../tracking/admit-reader.ts'
import { presentedKey } from './presented-key.ts'

/** `Authorization` comes before `?token=`. */
export function presentedCredential(incoming: IncomingMessage, query: URLSearchParams): ReaderCredential {
  if (incoming.headers.authorization !== undefined) return { by: 'key', secret: presentedKey(incoming) }
  const token = query.get('token')
  return token === null ? { by: 'nothing' } : { by: 'token', token }
}
