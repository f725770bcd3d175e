import { createHmac, type KeyObject } from 'node:crypto'

/**
 * Builds the headers of one attempt as specified by Standard Webhooks (https://www.standardwebhooks.com). There is one
 * signature per secret, so that receivers with any of them can verify during a rotation; without a secret there is none.
 */
export function signNotification({
  id,
  timestampSeconds,
  body,
  secrets,
}: {
  id: string
  timestampSeconds: number
  body: string
  secrets: readonly KeyObject[]
}): { [name: string]: string } {
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(timestampSeconds) }
  if (secrets.length === 0) return headers
  const signed = `${id}.${timestampSeconds}.${body}`
  const signatures = secrets.map(
    (secret) => `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`,
  )
  return { ...headers, 'webhook-signature': signatures.join(' ') }
}
