import type { ReaderCredential } from '../tracking/admit-reader.ts'
import type { AppContext } from './app-env.ts'
import { presentedKey } from './presented-key.ts'

/** `Authorization` comes before `?token=`. */
export function presentedCredential(c: AppContext): ReaderCredential {
  if (c.env.incoming.headers.authorization !== undefined) return { by: 'key', secret: presentedKey(c) }
  const token = c.req.query('token')
  return token === undefined ? { by: 'nothing' } : { by: 'token', token }
}
