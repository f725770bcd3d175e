import { createHmac } from 'node:crypto'
import { request } from 'undici'
import { errorMessage } from '../domain/errors.ts'
import { readResetMs } from './rate-limit.ts'

/** `afterMs`: how long the response took. `ms`: how long ImageKit accepts no further requests. */
type PrivateKeyProbe =
  | { kind: 'works'; afterMs: number }
  | { kind: 'rejected'; status: number }
  | { kind: 'rate_limited'; ms: number }
  | { kind: 'failed'; reason: string }

const TIMEOUT_MS = 10_000

/** Lists one file, to check whether ImageKit responds and accepts the key, and to read its clock (`at`). */
export async function probePrivateKey(options: {
  privateKey: string
  apiUrl: string
}): Promise<{ probe: PrivateKeyProbe; at: number | null }> {
  const authorization = authorizationOf(options.privateKey)
  const startedAt = performance.now()
  try {
    const { statusCode, headers, body } = await request(`${options.apiUrl}/v1/files?limit=1`, {
      headers: { authorization },
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    })
    await body.dump()
    const afterMs = Math.round(performance.now() - startedAt)
    const at = Date.parse(String(headers['date']))
    return { probe: readProbe(statusCode, headers, afterMs), at: Number.isNaN(at) ? null : at }
  } catch (error) {
    const reason = errorMessage(error)
    return { probe: { kind: 'failed', reason }, at: null }
  }
}

function readProbe(
  status: number,
  headers: { [name: string]: string | string[] | undefined },
  afterMs: number,
): PrivateKeyProbe {
  if (status === 200) return { kind: 'works', afterMs }
  if (status === 401 || status === 403) return { kind: 'rejected', status }
  if (status === 429) return { kind: 'rate_limited', ms: readResetMs(headers) }
  return { kind: 'failed', reason: `it responded with ${status}` }
}

/** ImageKit expects the private key as the user name of Basic auth, without a password: https://imagekit.io/docs/api-overview */
export function authorizationOf(privateKey: string): string {
  return `Basic ${Buffer.from(`${privateKey}:`).toString('base64')}`
}

/** Whether the status of a response shows that ImageKit accepts or rejects the key. */
export function keyVerdict(status: number): 'accepted' | 'rejected' | 'unknown' {
  if (status >= 200 && status < 300) return 'accepted'
  return status === 401 || status === 403 ? 'rejected' : 'unknown'
}

/**
 * Signs an upload that a browser sends directly to ImageKit: the hexadecimal HMAC-SHA1 of the one-time token and the time until which it
 * is valid, in Unix seconds. https://imagekit.io/docs/api-reference/upload-file/upload-file#how-to-implement-client-side-file-upload
 */
export function signUpload(privateKey: string, { token, expire }: { token: string; expire: number }): string {
  return createHmac('sha1', privateKey).update(`${token}${expire}`).digest('hex')
}
