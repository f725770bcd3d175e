import { setTimeout as pause } from 'node:timers/promises'
import type { TestDatabase } from '../../support/database.ts'
import { type Call, startMisbehavingImagekit, uploadedFile } from '../../support/misbehaving-imagekit.ts'
import { EXTENSIONS, UPLOAD } from '../../support/uploads.ts'
import { payload, type SentSubmission } from '../load.ts'
import { listLost, listMissingRows, settleRest } from '../losses.ts'

const CALLERS = 12

/**
 * The pause before a webhook is sent again; the real ImageKit waits longer. A caller pauses as long before it continues if any request,
 * its own or another's, was rejected in the meantime.
 */
const RETRY_MS = 25

/** The end of the file names of delayed uploads. */
const DELAYED = 'delayed.jpg'

/** One request that got 503. */
type Rejection = {
  kind: 'webhook' | 'upload' | 'submission'
  sentAt: number
  ms: number
  retryAfter: string | null
}

/** Callers of several processes that share a database, and the ImageKit that they upload to. */
export type SharedLoad = {
  imagekitUrl: string
  /** Uploads and registers at these processes until `end` is called. Until then, sends each webhook to any of them until it gets 200. */
  begin(urls: readonly string[]): void
  /** From now on, uses only these processes. */
  continueAt(urls: readonly string[]): void
  /** Stops the load, and resolves once all requests have ended. Webhooks that were not acknowledged are sent again only by `listLost`. */
  end(): Promise<void>
  /** How often files were looked up. Lookups never get a response. */
  lookups(): number
  /**
   * Uploads to this process. ImageKit delays its response until `release`, and sends no webhook before `listLost`. Resolves once
   * ImageKit has the complete upload.
   */
  delayUpload(url: string): Promise<SentSubmission>
  /** Sends the delayed responses. */
  release(): void
  /** The uploads that ImageKit has, and the registered submissions. */
  uploads(): readonly SentSubmission[]
  /** The number of webhooks that got 200, except those that `listLost` sends. */
  acknowledged(): number
  rejections(): readonly Rejection[]
  /** Responses that are neither the expected ones nor 503. */
  unexpected(): readonly string[]
  /**
   * Lists everything that was acknowledged and is missing. If nothing is, sends the unacknowledged webhooks to `url`, and lists what
   * is missing or wrong afterwards.
   */
  listLost(url: string, database: TestDatabase): Promise<string[]>
  /** One line with the numbers of acknowledged and lost submissions and deliveries. */
  summary(lost: readonly string[]): string
}

export async function createSharedLoad(): Promise<SharedLoad> {
  const uploads = new Map<string, SentSubmission>()
  const rejections: Rejection[] = []
  const unexpected: string[] = []
  const inProgress = new Set<Promise<unknown>>()
  const onDelayedByName = new Map<string, (one: SentSubmission) => void>()
  const delayed: (() => void)[] = []
  let urls: readonly string[] = []
  let isDone = true
  let count = 0
  let acknowledged = 0
  let next = 0

  const track = (promise: Promise<unknown>) => {
    inProgress.add(promise)
    void promise.finally(() => inProgress.delete(promise))
  }
  const nextUrl = (): string => {
    next += 1
    return urls[next % urls.length] ?? ''
  }
  /** Undefined if no response came, for example because the process was killed. */
  const send = async (kind: Rejection['kind'], url: string, init: RequestInit, expected: number) => {
    const sentAt = performance.now()
    try {
      const response = await fetch(url, { method: 'POST', ...init })
      const text = await response.text()
      if (response.status === 503) {
        const retryAfter = response.headers.get('retry-after')
        rejections.push({ kind, sentAt, ms: performance.now() - sentAt, retryAfter })
      } else if (response.status !== expected) unexpected.push(`${kind}: ${response.status} ${text}`)
      return { isAccepted: response.status === expected, headers: response.headers, text }
    } catch {
      return undefined
    }
  }
  const addSubmission = (fileId: string, webhookUrl: string, submissionId: string | null): SentSubmission => {
    const result = count % 4 === 0 ? 'failed' : 'success'
    const one: SentSubmission = { fileId, webhookUrl, result, submissionId, isAcknowledged: false }
    uploads.set(fileId, one)
    return one
  }
  const sendWebhook = async (one: SentSubmission) => {
    const body = JSON.stringify(payload(one))
    while (!isDone) {
      const response = await send('webhook', movedTo(nextUrl(), one.webhookUrl), { body }, 200)
      if (response?.isAccepted) {
        one.isAcknowledged = true
        acknowledged += 1
        return
      }
      await pause(RETRY_MS)
    }
  }
  // Once ImageKit has the whole form, its webhook comes even if the service or its caller is gone.
  const handleUpload = async (call: Call) => {
    await call.readForm()
    if (!call.hasWholeForm) return
    const name = call.field('fileName') ?? ''
    const fileId = `uploaded-${count++}`
    const one = addSubmission(fileId, call.field('webhookUrl') ?? 'none', null)
    const file = uploadedFile(fileId, { extensionStatus: { 'remove-bg': 'pending' } })
    const respond = () => call.respond(200, file, { connection: 'close' })
    const onDelayed = onDelayedByName.get(name)
    if (onDelayed !== undefined) {
      delayed.push(respond)
      return onDelayed(one)
    }
    // The response and the webhook race.
    respond()
    track(sendWebhook(one))
  }
  let lookups = 0
  const imagekit = await startMisbehavingImagekit((call) => {
    if (call.path.startsWith(UPLOAD)) track(handleUpload(call))
    else lookups += 1
  })

  const upload = async (url: string, fileName: string) => {
    const body = new FormData()
    body.append('file', new Blob(['hello']), fileName)
    body.append('fileName', fileName)
    body.append('extensions', EXTENSIONS)
    const response = await send('upload', url + UPLOAD, { body }, 200)
    if (!response?.isAccepted) return
    const one = uploads.get((JSON.parse(response.text) as { fileId: string }).fileId)
    if (one) one.submissionId = response.headers.get('x-submission-id')
  }
  const register = async (url: string) => {
    const fileId = `registered-${count++}`
    const body = JSON.stringify({ fileId, extensions: [{ name: 'remove-bg' }] })
    const headers = { 'content-type': 'application/json' }
    const response = await send('submission', `${url}/submissions`, { body, headers }, 201)
    if (!response?.isAccepted) return
    const created = JSON.parse(response.text) as { submissionId: string; webhookUrl: string }
    await sendWebhook(addSubmission(fileId, created.webhookUrl, created.submissionId))
  }
  const runCaller = async (n: number) => {
    while (!isDone) {
      const before = rejections.length
      await (n % 2 === 0 ? upload(nextUrl(), 'shirt.jpg') : register(nextUrl()))
      if (rejections.length > before) await pause(RETRY_MS)
    }
  }

  return {
    imagekitUrl: imagekit.url,
    begin(newUrls) {
      urls = newUrls
      isDone = false
      for (let n = 0; n < CALLERS; n += 1) track(runCaller(n))
    },
    continueAt(newUrls) {
      urls = newUrls
    },
    async end() {
      isDone = true
      while (inProgress.size > 0) await Promise.all(inProgress)
    },
    lookups: () => lookups,
    async delayUpload(url) {
      const fileName = `${delayed.length}-${DELAYED}`
      const arrived = new Promise<SentSubmission>((resolve) => onDelayedByName.set(fileName, resolve))
      track(upload(url, fileName))
      return arrived
    },
    release() {
      for (const respond of delayed.splice(0)) respond()
    },
    uploads: () => [...uploads.values()],
    acknowledged: () => acknowledged,
    rejections: () => rejections,
    unexpected: () => unexpected,
    async listLost(url, database) {
      const all = [...uploads.values()].map((one) => ({ ...one, webhookUrl: movedTo(url, one.webhookUrl) }))
      const lost = await listLost(url, all)
      if (lost.length === 0) lost.push(...(await settleRest(url, all)))
      if (lost.length === 0) lost.push(...(await listMissingRows(database, all)))
      return lost
    },
    summary(lost) {
      const submissions = [...uploads.values()].filter(({ submissionId }) => submissionId !== null).length
      const unacknowledged = uploads.size - acknowledged
      return (
        `${submissions} submissions and ${acknowledged} deliveries acknowledged, ` +
        `${rejections.length} rejected with 503, ${unacknowledged} not acknowledged before the end, ${lost.length} lost`
      )
    },
  }
}

/** Replaces the origin of a webhook URL with `url`, so that it leads to another process. */
export function movedTo(url: string, webhookUrl: string): string {
  return url + new URL(webhookUrl).pathname
}
