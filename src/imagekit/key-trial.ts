import { request } from 'undici'
import { authorizationOf } from './authorization.ts'
import { readHoldMs } from './rate-limit.ts'

type KeyTrial =
  | { kind: 'works'; afterMs: number }
  | { kind: 'refused'; status: number }
  | { kind: 'held_back'; ms: number }
  | { kind: 'failed'; reason: string }

const TIMEOUT_MS = 10_000

/** Asks ImageKit for one file's details, whichever: whether it answers, takes the key, and what time it has there. */
export async function tryKey(options: {
  privateKey: string
  apiUrl: string
}): Promise<{ trial: KeyTrial; at: number | null }> {
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
    return { trial: trialOf(statusCode, headers, afterMs), at: Number.isNaN(at) ? null : at }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { trial: { kind: 'failed', reason }, at: null }
  }
}

function trialOf(
  status: number,
  headers: { [name: string]: string | string[] | undefined },
  afterMs: number,
): KeyTrial {
  if (status === 200) return { kind: 'works', afterMs }
  if (status === 401 || status === 403) return { kind: 'refused', status }
  if (status === 429) return { kind: 'held_back', ms: readHoldMs(headers) }
  return { kind: 'failed', reason: `it answered ${status}` }
}
