import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { badRequest } from '../api-error.ts'
import { parseJsonText } from '../parameters/shared-parameters.ts'
import { checkPrivateKey, isSame, missingKey, type PrivateKey } from './private-key.ts'

const MAX_VALIDITY_SECONDS = 3600

type AuthContext = { privateKey: PrivateKey; usedTokens: UsedTokens; now: Date }

/**
 * Authenticates an upload by private key, or by a browser's signature (v1) or token (v2). A request with a private key and a
 * signature or token is rejected.
 */
export function authenticateUpload(
  version: 'v1' | 'v2',
  authorization: string | undefined,
  fields: ReadonlyMap<string, string>,
  context: AuthContext,
): void {
  const credential = version === 'v1' ? 'signature' : 'token'
  if (authorization !== undefined) {
    if (fields.has(credential)) {
      throw badRequest(
        `Your request contains both ${credential} and basic auth parameter. Use only one method, you might be exposing your private API key.`,
      )
    }
    checkPrivateKey(authorization, context.privateKey)
    return
  }
  if (!fields.has(credential) && !fields.has('publicKey')) throw missingKey()
  if (version === 'v1') checkUploadSignature(fields, context)
  else checkUploadToken(fields, context)
}

/**
 * Authenticates a browser's upload, version 1: `signature` is the lowercase hex HMAC-SHA1 of `token + expire` under the
 * private key. `expire` is in Unix seconds, less than an hour ahead; each `token` can be used once.
 */
function checkUploadSignature(
  fields: ReadonlyMap<string, string>,
  { privateKey, usedTokens, now }: AuthContext,
): void {
  required(fields, 'publicKey')
  const token = required(fields, 'token')
  const expire = required(fields, 'expire')
  const signature = required(fields, 'signature')
  const secondsLeft = /^\d+$/.test(expire) ? Number(expire) - now.getTime() / 1000 : Number.NaN
  if (!(secondsLeft > 0 && secondsLeft < MAX_VALIDITY_SECONDS)) {
    throw badRequest(
      'Your request contains invalid expire parameter. Expire parameter should be a Unix time in less than 1 hour into the future.',
    )
  }
  // Without a configured key no signature can be checked.
  if (privateKey !== undefined) {
    const expected = createHmac('sha1', privateKey)
      .update(token + expire)
      .digest('hex')
    if (!isSame(signature, expected)) throw badRequest('Your request contains invalid signature parameter.')
  }
  if (!usedTokens.use(token)) {
    throw badRequest('Your request contains invalid token parameter. It has been used before.')
  }
}

function required(fields: ReadonlyMap<string, string>, name: string): string {
  const value = fields.get(name)
  if (value === undefined || value === '') throw badRequest(`Your request is missing ${name} parameter.`)
  return value
}

const headerSchema = z.object({ alg: z.literal('HS256') })
const payloadSchema = z.looseObject({ iat: z.number().int(), exp: z.number().int() })

/**
 * Authenticates a browser's upload, version 2: `token` is a JWT, signed with HS256 and the private key. Its claims are every
 * parameter except `file` and `token`, and `iat` and `exp`, which are at most an hour apart. Each token can be used once.
 */
function checkUploadToken(
  fields: ReadonlyMap<string, string>,
  { privateKey, usedTokens, now }: AuthContext,
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
  if (!matchesParameters(signed, fields)) {
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

function matchesParameters(signed: Record<string, unknown>, fields: ReadonlyMap<string, string>): boolean {
  const sent = [...fields].filter(([name]) => name !== 'token')
  const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
  return (
    sent.length === Object.keys(signed).length &&
    sent.every(([name, value]) => Object.hasOwn(signed, name) && asText(signed[name]) === value)
  )
}

/** The one-time tokens that were used. */
type UsedTokens = {
  /** Marks a token as used. Returns false if it was used before. */
  use(token: string): boolean
}

const MAX_TOKENS = 100_000

/** Remembers only the newest 100,000 tokens. Older ones have usually expired: a token is valid for at most an hour. */
export function createUsedTokens(): UsedTokens {
  const used = new Set<string>()
  return {
    use(token) {
      if (used.has(token)) return false
      used.add(token)
      const [oldest] = used
      if (used.size > MAX_TOKENS && oldest !== undefined) used.delete(oldest)
      return true
    },
  }
}
