import { badRequest } from '../api-error.ts'
import { checkPrivateKey, missingKey, type PrivateKey } from './private-key.ts'
import { checkUploadSignature } from './upload-signature.ts'
import { checkUploadToken } from './upload-token.ts'
import type { UsedTokens } from './used-tokens.ts'

type Keys = { privateKey: PrivateKey; usedTokens: UsedTokens; now: Date }

/** Authenticates an upload by private key, or by a browser's signature (v1) or token (v2). Both at once are rejected. */
export function authenticateUpload(
  version: 'v1' | 'v2',
  authorization: string | undefined,
  fields: ReadonlyMap<string, string>,
  keys: Keys,
): void {
  const credential = version === 'v1' ? 'signature' : 'token'
  if (authorization !== undefined) {
    if (fields.has(credential)) {
      throw badRequest(
        `Your request contains both ${credential} and basic auth parameter. Use only one method, you might be exposing your private API key.`,
      )
    }
    checkPrivateKey(authorization, keys.privateKey)
    return
  }
  if (!fields.has(credential) && !fields.has('publicKey')) throw missingKey()
  if (version === 'v1') checkUploadSignature(fields, keys)
  else checkUploadToken(fields, keys)
}
