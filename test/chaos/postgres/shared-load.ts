import { setTimeout as pause } from 'node:timers/promises'
import { type Call, startBrokenImagekit, uploadedFile } from '../../support/broken-imagekit.ts'
import type { TestDatabase } from '../../support/database.ts'
import { EXTENSIONS, UPLOAD } from '../../support/uploads.ts'
import { payload, type Told } from '../load.ts'
import { listLost, listMissingRows, settleRest } from '../losses.ts'

const CALLERS = 12

/** ImageKit waits longer before it sends a webhook again. */
const AGAIN_MS = 25

/** An upload of this name is not answered until `release`. */
const HELD = 'held.jpg'

/** One request that was answered 503. */
type Refusal = {
  what: 'webhook' | 'upload' | 'submission'
  sentAt: number
  ms: number
  retryAfter: string | null
}

/** Callers of several processes that share a database, and the ImageKit that they upload to. */
export type SharedLoad = {
  imagekitUrl: string
  /** Uploads, registers, and sends each webhook to any of these until it is answered 200. */
  begin(urls: readonly string[]): void
  /** From now on, only at these. */
  continueAt(urls: readonly string[]): void
  /** Resolves once what is under way has ended. Webhooks that were not acknowledged are not sent any more. */
  end(): Promise<void>
  /** How often files were looked up, which is never answered. */
  lookups(): number
  /** Has an upload at this address wait for ImageKit's answer. Resolves once ImageKit has all of it. */
  hold(url: string): Promise<Told>
  release(): void
  told(): readonly Told[]
  acknowledged(): number
  refusals(): readonly Refusal[]
  /** Answers that are neither what they should be nor 503. */
  unexpected(): readonly string[]
  /** What was acknowledged and is not there, after all that was not acknowledged is sent again to `url`. */
  listLost(url: string, database: TestDatabase): Promise<string[]>
  /** How much was acknowledged, and how much of it was lost, in one line. */
  summary(lost: readonly string[]): string
}

export async function createSharedLoad(): Promise<SharedLoad> {
  const told = new Map<string, Told>()
  const refusals: Refusal[] = []
  const unexpected: string[] = []
  const underWay = new Set<Promise<unknown>>()
  const holding = new Map<string, (one: Told) => void>()
  const held: (() => void)[] = []
  let urls: readonly string[] = []
  let isOver = true
  let count = 0
  let acknowledged = 0
  let turn = 0

  const track = (act: Promise<unknown>) => {
    underWay.add(act)
    void act.finally(() => underWay.delete(act))
  }
  const somewhere = (): string => {
    turn += 1
    return urls[turn % urls.length] ?? ''
  }
  /** Undefined where no answer came: the process was killed. */
  const ask = async (what: Refusal['what'], url: string, init: RequestInit, expected: number) => {
    const sentAt = performance.now()
    try {
      const answer = await fetch(url, { method: 'POST', ...init })
      const text = await answer.text()
      if (answer.status === 503) {
        const retryAfter = answer.headers.get('retry-after')
        refusals.push({ what, sentAt, ms: performance.now() - sentAt, retryAfter })
      } else if (answer.status !== expected) unexpected.push(`${what}: ${answer.status} ${text}`)
      return { isTaken: answer.status === expected, headers: answer.headers, text }
    } catch {
      return undefined
    }
  }
  const add = (fileId: string, webhookUrl: string, submissionId: string | null): Told => {
    const word = count % 4 === 0 ? 'failed' : 'success'
    const one: Told = { fileId, webhookUrl, word, submissionId, isAcknowledged: false }
    told.set(fileId, one)
    return one
  }
  const sendWebhook = async (one: Told) => {
    const body = JSON.stringify(payload(one))
    while (!isOver) {
      const answer = await ask('webhook', movedTo(somewhere(), one.webhookUrl), { body }, 200)
      if (answer?.isTaken) {
        one.isAcknowledged = true
        acknowledged += 1
        return
      }
      await pause(AGAIN_MS)
    }
  }
  // From here on ImageKit has the upload, and its webhook will come, whatever becomes of the service and its caller.
  const takeUpload = async (call: Call) => {
    await call.readForm()
    if (!call.hasWholeForm) return
    const name = call.field('fileName') ?? ''
    const fileId = `uploaded-${count++}`
    const one = add(fileId, call.field('webhookUrl') ?? 'none', null)
    const file = uploadedFile(fileId, { extensionStatus: { 'remove-bg': 'pending' } })
    const answer = () => call.answer(200, file, { connection: 'close' })
    const noteHeld = holding.get(name)
    if (noteHeld !== undefined) {
      held.push(answer)
      return noteHeld(one)
    }
    const isEarly = count % 3 === 0
    if (!isEarly) answer()
    track(sendWebhook(one))
    if (isEarly) answer()
  }
  let lookups = 0
  const imagekit = await startBrokenImagekit((call) => {
    if (call.path.startsWith(UPLOAD)) track(takeUpload(call))
    else lookups += 1
  })

  const upload = async (url: string, fileName: string) => {
    const body = new FormData()
    body.append('file', new Blob(['hello']), fileName)
    body.append('fileName', fileName)
    body.append('extensions', EXTENSIONS)
    const answer = await ask('upload', url + UPLOAD, { body }, 200)
    if (!answer?.isTaken) return
    const one = told.get((JSON.parse(answer.text) as { fileId: string }).fileId)
    if (one) one.submissionId = answer.headers.get('x-submission-id')
  }
  const register = async (url: string) => {
    const fileId = `registered-${count++}`
    const body = JSON.stringify({ fileId, extensions: [{ name: 'remove-bg' }] })
    const headers = { 'content-type': 'application/json' }
    const answer = await ask('submission', `${url}/submissions`, { body, headers }, 201)
    if (!answer?.isTaken) return
    const made = JSON.parse(answer.text) as { submissionId: string; webhookUrl: string }
    await sendWebhook(add(fileId, made.webhookUrl, made.submissionId))
  }
  const call = async (n: number) => {
    while (!isOver) {
      const before = refusals.length
      await (n % 2 === 0 ? upload(somewhere(), 'shirt.jpg') : register(somewhere()))
      if (refusals.length > before) await pause(AGAIN_MS)
    }
  }

  return {
    imagekitUrl: imagekit.url,
    begin(given) {
      urls = given
      isOver = false
      for (let n = 0; n < CALLERS; n += 1) track(call(n))
    },
    continueAt(given) {
      urls = given
    },
    async end() {
      isOver = true
      while (underWay.size > 0) await Promise.all(underWay)
    },
    lookups: () => lookups,
    async hold(url) {
      const fileName = `${held.length}-${HELD}`
      const arrived = new Promise<Told>((resolve) => holding.set(fileName, resolve))
      track(upload(url, fileName))
      return arrived
    },
    release() {
      for (const answer of held.splice(0)) answer()
    },
    told: () => [...told.values()],
    acknowledged: () => acknowledged,
    refusals: () => refusals,
    unexpected: () => unexpected,
    async listLost(url, database) {
      const all = [...told.values()].map((one) => ({ ...one, webhookUrl: movedTo(url, one.webhookUrl) }))
      const lost = await listLost(url, all)
      if (lost.length === 0) lost.push(...(await settleRest(url, all)))
      if (lost.length === 0) lost.push(...(await listMissingRows(database, all)))
      return lost
    },
    summary(lost) {
      const submissions = [...told.values()].filter(({ submissionId }) => submissionId !== null).length
      const again = told.size - acknowledged
      return (
        `${submissions} submissions and ${acknowledged} deliveries acknowledged, ` +
        `${refusals.length} answered 503, ${again} sent again at the end, ${lost.length} lost`
      )
    },
  }
}

/** The address at another process. */
export function movedTo(url: string, webhookUrl: string): string {
  return url + new URL(webhookUrl).pathname
}
