import { InvalidSignatureError } from './errors.ts'

/** A tracker's notification: ImageKit's own payload of an extension webhook, or one in its shape. */
export type TrackerNotification =
  | { service: string; status: 'SUCCESS'; fileObject: { fileId: string; [field: string]: unknown } }
  | { service: string; status: 'FAILURE'; fileId: string; error?: unknown }

/** How far the signed time may be from this machine's clock. */
const TOLERANCE_SECONDS = 300

type HeaderSource = Headers | { readonly [name: string]: string | readonly string[] | undefined }

/**
 * Verifies a notification as Standard Webhooks describes (https://www.standardwebhooks.com), and returns its payload. `body` is the
 * raw body: parsing and serialising it again changes it. `secret` is TRACKER_WEBHOOK_SECRET; during a rotation, one of several.
 * Rejects with `InvalidSignatureError`.
 */
export async function verifyNotification(
  body: string | Uint8Array,
  headers: HeaderSource,
  secret: string | readonly string[],
): Promise<TrackerNotification> {
  const header = (name: string): string => {
    const value = headers instanceof Headers ? headers.get(name) : headers[name]
    const text = Array.isArray(value) ? value[0] : value
    if (typeof text !== 'string' || text === '')
      throw new InvalidSignatureError(`The header ${name} is missing.`)
    return text
  }
  const id = header('webhook-id')
  const timestamp = header('webhook-timestamp')
  const signatures = header('webhook-signature')
  if (!/^\d+$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_SECONDS)
    throw new InvalidSignatureError(
      'The signed time is more than five minutes from the clock of this machine.',
    )
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body)
  const signed = new TextEncoder().encode(`${id}.${timestamp}.${text}`)
  for (const one of [secret].flat()) {
    const key = await importKey(one)
    for (const signature of signatures.split(' ')) {
      const [version, encoded = ''] = signature.split(',')
      // `verify` takes the same time for every wrong signature.
      if (version === 'v1' && (await crypto.subtle.verify('HMAC', key, fromBase64(encoded), signed)))
        return JSON.parse(text) as TrackerNotification
    }
  }
  throw new InvalidSignatureError('No signature matches. Verify the raw body with TRACKER_WEBHOOK_SECRET.')
}

function importKey(secret: string) {
  const bytes = fromBase64(secret.replace(/^whsec_/, ''))
  if (bytes.length === 0)
    throw new InvalidSignatureError('The secret is not valid: it must be whsec_ and base64.')
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    return new Uint8Array(0)
  }
}
