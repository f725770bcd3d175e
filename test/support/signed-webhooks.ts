import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type DeliveryResponse, deliver } from './webhooks.ts'

export const WEBHOOK_SECRET = 'whsec_of_the_tests'

/** The request id of the queued upload whose result the fixtures `account-pre-transform-….json` report. */
export const QUEUED_REQUEST = 'fa98fa2e-d6cd-45b4-acf5-bc1d2bbb8ba9'

/** The body of an account webhook as ImageKit documents it: a fixture, with `changes` to its top-level fields. */
export function accountEvent(name: string, changes: object = {}): string {
  const text = readFileSync(new URL(`../fixtures/webhooks/account-${name}.json`, import.meta.url), 'utf8')
  return JSON.stringify({ ...JSON.parse(text), ...changes })
}

type SigningOptions = { at?: number; secret?: string }

/** Signs a body in ImageKit's own scheme. Returns the signature header. */
export function ikHeaders(body: string, { at = Date.now(), secret = WEBHOOK_SECRET }: SigningOptions = {}) {
  const mac = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')
  return { 'x-ik-signature': `t=${at},v1=${mac}` }
}

/** Signs a body in the scheme of Standard Webhooks, but like ImageKit with the whole secret as the key, not decoded. */
export function standardHeaders(
  body: string,
  { at = Date.now(), secret = WEBHOOK_SECRET, id = 'msg_1' }: SigningOptions & { id?: string } = {},
) {
  const time = String(Math.floor(at / 1000))
  const mac = createHmac('sha256', secret).update(`${id}.${time}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': `v1,${mac}` }
}

/** Sends an account webhook, by default signed in ImageKit's own scheme. */
export function deliverEvent(
  tracker: { url: string },
  body: string,
  headers: Record<string, string> = ikHeaders(body),
): Promise<DeliveryResponse> {
  return deliver(`${tracker.url}/webhooks/account`, body, headers)
}
