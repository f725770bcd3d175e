import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { badRequest } from '../api-error.ts'
import { parseJsonText } from '../json-text.ts'
import { isSame, type PrivateKey } from './private-key.ts'
import type { UsedTokens } from './used-tokens.ts'

const MAX_VALIDITY_SECONDS = 3600

const headerSchema = z.object({ alg: z.literal('HS256') })
const payloadSchema = z.looseObject({ iat: z.number().int(), exp: z.number().int() })

/**
 * Authenticates a browser's upload, version 2: `token` is a JWT (HS256, private key) over every parameter except `file`
 * and `token`, as texts. `iat` and `exp` are at most an hour apart; each token can be used once.
 */
export function checkUploadToken(
  fields: ReadonlyMap<string, string>,
  { privateKey, usedTokens, now }: { privateKey: PrivateKey; usedTokens: UsedTokens; now: Date },
): void {
  const token = fields.get('token')
  if (token === undefined || token === '') throw badRequest('Your request is missing token parameter.')
  const [header = '', payload = '', signature = ''] = token.split('.')
  const claims = payloadSchema.safeParse(decode(payload))
  if (!headerSchema.safeParse(decode(header)).success || !claims.success) throw invalidToken()
  if (privateKey !== undefined) {
    const expected = createHmac('sha256', privateKey).update(`${header}.${payload}`).digest('base64url')
    if (!isSame(signature, expected)) throw invalidToken()
  }
  const { iat, exp, ...signed } = claims.data
  if (exp - iat > MAX_VALIDITY_SECONDS) throw invalidToken()
  if (exp * 1000 <= now.getTime()) throw badRequest('Your request contains expired token.')
  if (!isSameParameters(signed, fields)) {
    throw badRequest(
      'Your request contains invalid payload. It does not match with the payload used to generate token.',
    )
  }
  if (!usedTokens.use(token)) throw invalidToken()
}

function invalidToken() {
  return badRequest('Your request has invalid token.')
}

function decode(part: string): unknown {
  return parseJsonText(Buffer.from(part, 'base64url').toString('utf8'))
}

function isSameParameters(signed: Record<string, unknown>, fields: ReadonlyMap<string, string>): boolean {
  const sent = [...fields].filter(([name]) => name !== 'token')
  const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
  return (
    sent.length === Object.keys(signed).length &&
    sent.every(([name, value]) => Object.hasOwn(signed, name) && asText(signed[name]) === value)
  )
}
