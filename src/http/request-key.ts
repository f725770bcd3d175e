import type { IncomingMessage } from 'node:http'

/** The key in `Authorization`: a Bearer token, or the user name of Basic (what ImageKit's SDKs send; the password is ignored). */
export function requestKey({ headers }: IncomingMessage): string | undefined {
  const [scheme = '', credentials = ''] = (headers.authorization ?? '').split(/\s+/, 2)
  if (credentials === '') return undefined
  if (scheme.toLowerCase() === 'bearer') return credentials
  if (scheme.toLowerCase() !== 'basic') return undefined
  const [userName = ''] = Buffer.from(credentials, 'base64').toString('utf8').split(':', 1)
  return userName === '' ? undefined : userName
}
