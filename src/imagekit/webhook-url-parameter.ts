import { TrackerError } from '../domain/errors.ts'

/** A caller's own `webhookUrl`; null where none was given. */
export function parseWebhookUrl(value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null
  const isUrl = typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
  if (isUrl && value.length <= 2048) return value
  throw new TrackerError('invalid_input', 'Your request contains invalid webhookUrl parameter.', {
    fields: [{ field: 'webhookUrl', message: 'should be an http or https URL of at most 2,048 characters' }],
  })
}
