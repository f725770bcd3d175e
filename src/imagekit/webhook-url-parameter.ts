import { TrackerError } from '../domain/errors.ts'
import { isPrivateHost } from '../domain/host-address.ts'

/**
 * Parses a caller's own `webhookUrl`; null if there is none. Throws `invalid_input` for one that could never be called: otherwise
 * the caller would notice only by missing notifications. A host name is resolved and checked only when a notification is sent.
 */
export function parseWebhookUrl(
  value: unknown,
  { allowPrivateTargets }: { allowPrivateTargets: boolean },
): string | null {
  if (value === undefined || value === null || value === '') return null
  if (typeof value !== 'string' || value.length > 2048 || !URL.canParse(value)) throw invalid(NOT_A_URL)
  const url = new URL(value)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw invalid(NOT_A_URL)
  if (url.username !== '' || url.password !== '')
    throw invalid('must not contain credentials: put a secret into the path or the query')
  if (!allowPrivateTargets && isPrivateHost(url.hostname))
    throw invalid('is a private address, which is called only if the service has ALLOW_PRIVATE_TARGETS=true')
  return value
}

const NOT_A_URL = 'must be an http or https URL of at most 2,048 characters'

function invalid(message: string): TrackerError {
  return new TrackerError('invalid_input', 'Your request contains invalid webhookUrl parameter.', {
    fields: [{ field: 'webhookUrl', message }],
  })
}
