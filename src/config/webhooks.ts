import { createSecretKey, type KeyObject } from 'node:crypto'
import { parseSecretList, placeholderProblem } from './secrets.ts'
import type { Variables } from './variables.ts'

/**
 * The settings of the notifications to callers' `webhookUrl`s. `secrets`: every one signs; if empty, nothing is signed.
 * `allowPrivateTargets` is also the setting for alerts.
 */
export type NotificationSettings = { secrets: KeyObject[]; allowPrivateTargets: boolean }

export function parseNotifications(variables: Variables, warnings: string[]): NotificationSettings {
  const text = variables.text('TRACKER_WEBHOOK_SECRET')
  const { secrets, problems } = text === undefined ? { secrets: [], problems: [] } : parseSigningSecrets(text)
  for (const problem of problems) variables.addProblem('TRACKER_WEBHOOK_SECRET', problem)
  if (text === undefined)
    warnings.push('TRACKER_WEBHOOK_SECRET is not set: notifications to callers are not signed')
  return { secrets, allowPrivateTargets: variables.flag('ALLOW_PRIVATE_TARGETS', false) }
}

/** The secrets that verify ImageKit's webhooks, and whether extension webhooks must be signed. */
export type SignatureSettings = { secrets: string[]; requireOnExtensionWebhooks: boolean }

export function parseSignatures(variables: Variables): SignatureSettings {
  const secrets = parseSecretList(variables, 'IMAGEKIT_WEBHOOK_SECRET')
  const requireOnExtensionWebhooks = variables.flag('REQUIRE_EXTENSION_SIGNATURE', false)
  if (requireOnExtensionWebhooks && secrets.length === 0)
    variables.addProblem(
      'REQUIRE_EXTENSION_SIGNATURE',
      'needs IMAGEKIT_WEBHOOK_SECRET, or every delivery would be rejected',
    )
  return { secrets, requireOnExtensionWebhooks }
}

const PREFIX = 'whsec_'
const MIN_KEY_BYTES = 16

/**
 * Reads a comma-separated list of `whsec_` + base64, the format of Standard Webhooks. A problem names the position of a
 * malformed secret and never quotes it.
 */
export function parseSigningSecrets(text: string): { secrets: KeyObject[]; problems: string[] } {
  const secrets: KeyObject[] = []
  const problems: string[] = []
  for (const [index, entry] of text.split(',').entries()) {
    const label = `secret ${index + 1}`
    const secret = entry.trim()
    const key = secret.startsWith(PREFIX) ? decodeBase64(secret.slice(PREFIX.length)) : undefined
    const placeholder = placeholderProblem(secret)
    if (placeholder !== undefined) problems.push(`${label} ${placeholder}`)
    else if (key === undefined) problems.push(`${label} must be ${PREFIX} followed by base64`)
    else if (key.length < MIN_KEY_BYTES)
      problems.push(`${label} is shorter than ${MIN_KEY_BYTES} bytes; 24 to 64 are recommended`)
    else secrets.push(createSecretKey(key))
  }
  return { secrets, problems }
}

/**
 * Undefined unless the text is base64. Node ignores invalid characters when it decodes, so the result is encoded again and
 * compared.
 */
function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  const isBase64 = bytes.toString('base64').replace(/=+$/, '') === text.replace(/={1,2}$/, '')
  return isBase64 ? bytes : undefined
}
