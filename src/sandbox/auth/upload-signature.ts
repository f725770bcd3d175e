import { createHmac } from 'node:crypto'
import { badRequest } from '../api-error.ts'
import { isSame, type PrivateKey } from './private-key.ts'
import type { UsedTokens } from './used-tokens.ts'

const MAX_VALIDITY_SECONDS = 3600

/**
 * Authenticates a browser's upload, version 1: `signature` is the lowercase hex HMAC-SHA1 of `token + expire` under the
 * private key. `expire` is in Unix seconds, less than an hour ahead; each `token` can be used once.
 */
export function checkUploadSignature(
  fields: ReadonlyMap<string, string>,
  { privateKey, usedTokens, now }: { privateKey: PrivateKey; usedTokens: UsedTokens; now: Date },
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
