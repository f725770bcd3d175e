import { readFileSync } from 'node:fs'
import type { RunningTracker } from './tracker.ts'

/** The file id in every payload of `test/fixtures/webhooks` that names a file. */
export const FILE_ID = '5effaa5662679b5af2c58829'

export type Registration = { submissionId: string; webhookUrl: string; statusUrl: string; eventsUrl: string }

/** Registers a submission that the caller sends to ImageKit itself, by default about `FILE_ID`. */
export async function register(
  tracker: Pick<RunningTracker, 'fetch'>,
  names: readonly string[],
  fileId: string | null = FILE_ID,
): Promise<Registration> {
  const response = await tracker.fetch('/submissions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ extensions: names.map((name) => ({ name })), fileId }),
  })
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`)
  return (await response.json()) as Registration
}

export type Payload = Record<string, unknown>

/** The payload of an extension webhook as ImageKit documents it. */
export function payload(service: string, status: 'success' | 'failure'): Payload {
  const file = new URL(`../fixtures/webhooks/${service}-${status}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8'))
}

export type DeliveryResponse = { status: number; headers: Headers; json: Payload }

/** POSTs a body to a webhook URL: an object as JSON, text and bytes unchanged. */
export async function deliver(
  webhookUrl: string,
  body: string | Uint8Array<ArrayBuffer> | Payload,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<DeliveryResponse> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array
  const response = await fetch(webhookUrl, {
    method: 'POST',
    headers,
    body: isRaw ? body : JSON.stringify(body),
  })
  return { status: response.status, headers: response.headers, json: JSON.parse(await response.text()) }
}

/** Replaces the origin of another tracker's URL with that of this tracker. */
export function movedTo(tracker: RunningTracker, url: string): string {
  const { pathname, search } = new URL(url)
  return tracker.url + pathname + search
}

export type AssetStatus = {
  status: string
  extensionStatus: Record<string, string>
  extensions: {
    runId: string
    name: string
    status: string
    source: string
    settledAt: string | null
    error: unknown
    submissionId: string
  }[]
}

export async function statusOf(tracker: RunningTracker, fileId = FILE_ID): Promise<AssetStatus> {
  const response = await tracker.fetch(`/assets/${encodeURIComponent(fileId)}/status`)
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return (await response.json()) as AssetStatus
}
