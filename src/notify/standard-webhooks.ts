import { createHmac, type KeyObject } from 'node:crypto'

/**
 * The headers of one attempt by the Standard Webhooks scheme (https://www.standardwebhooks.com). Each secret makes a
 * signature, so that a receiver that knows any of them is served while they rotate; without a secret there is none.
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
