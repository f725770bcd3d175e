/** What one scheme's signature headers contain, not verified yet. */
export type SignatureClaim = {
  /** Milliseconds since the epoch. */
  signedAt: number
  /** The part of the signed text before the body. */
  signedHead: string
  encoding: 'hex' | 'base64'
  /** One valid signature is enough. Signatures of unknown versions are left out. */
  signatures: string[]
  eventId: string | null
}

type Headers = { readonly [name: string]: string }

// The largest values are in the years 5138 (milliseconds) and 33658 (seconds); longer numbers are not times.
const MILLISECONDS = /^\d{1,14}$/
const SECONDS = /^\d{1,12}$/

/**
 * `x-ik-signature: t=MILLISECONDS,v1=HEX` over `t.body`. Two times are malformed: it would be unclear which was signed.
 * https://imagekit.io/docs/webhooks
 */
export function readIkSignature(headers: Headers): SignatureClaim | 'absent' | 'malformed' {
  const header = headers['x-ik-signature']
  if (header === undefined) return 'absent'
  const items = header.split(',')
  const times = valuesOf(items, 't=')
  const [time] = times
  const signatures = valuesOf(items, 'v1=')
  if (time === undefined || times.length > 1 || !MILLISECONDS.test(time)) return 'malformed'
  if (signatures.length === 0) return 'malformed'
  return { signedAt: Number(time), signedHead: `${time}.`, encoding: 'hex', signatures, eventId: null }
}

/**
 * `webhook-signature: v1,BASE64 …` over `webhook-id.webhook-timestamp.body`. An id with a full stop is malformed:
 * the same signed text could be split into another id, time and body.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
 */
export function readStandardSignature(headers: Headers): SignatureClaim | 'absent' | 'malformed' {
  const header = headers['webhook-signature']
  if (header === undefined) return 'absent'
  const eventId = headers['webhook-id']
  const time = headers['webhook-timestamp']
  const signatures = valuesOf(header.split(' '), 'v1,')
  if (eventId === undefined || eventId === '' || eventId.includes('.')) return 'malformed'
  if (time === undefined || !SECONDS.test(time) || signatures.length === 0) return 'malformed'
  return {
    signedAt: Number(time) * 1000,
    signedHead: `${eventId}.${time}.`,
    encoding: 'base64',
    signatures,
    eventId,
  }
}

function valuesOf(items: readonly string[], prefix: string): string[] {
  return items.filter((item) => item.startsWith(prefix)).map((item) => item.slice(prefix.length))
}
