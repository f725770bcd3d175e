import { TrackerError } from '../domain/errors.ts'
import { bodyChunks } from './body-chunks.ts'
import { WHOLE_BODY_MS } from './read-body.ts'
import type { AppContext } from './request.ts'

const FORM_TYPE = 'application/x-www-form-urlencoded'

/** Reads a URL-encoded form. Throws `unsupported_media_type` and the errors of `bodyChunks`. */
export async function readForm(c: AppContext, maxBytes: number): Promise<URLSearchParams> {
  const [type = ''] = (c.env.incoming.headers['content-type'] ?? '').split(';')
  if (type.trim().toLowerCase() !== FORM_TYPE)
    throw new TrackerError('unsupported_media_type', `Send the form as ${FORM_TYPE}.`)
  const limits = { maxBytes, idleMs: WHOLE_BODY_MS, totalMs: WHOLE_BODY_MS }
  const chunks: Buffer[] = []
  for await (const chunk of bodyChunks(c.env.incoming, limits)) chunks.push(chunk)
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}

/** True if another site sent the request. A page that sends no referrer sends its forms with `Origin: null`. */
export function isCrossSite(c: AppContext): boolean {
  const { origin, host, 'sec-fetch-site': site } = c.env.incoming.headers
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  if (origin === undefined || origin === 'null') return false
  return !URL.canParse(origin) || new URL(origin).host !== host
}
