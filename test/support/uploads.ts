import { once } from 'node:events'
import { type ClientRequest, request } from 'node:http'
import type { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import type { RawAnswer } from './raw-request.ts'
import { API_KEY, type RunningTracker } from './tracker.ts'

export const UPLOAD = '/api/v1/files/upload'
export const EXTENSIONS = '[{"name":"remove-bg"}]'

/** A part of a form: name, content, file name. */
export type Entry = [name: string, value: string | Uint8Array<ArrayBuffer>, fileName?: string]

export const FILE: Entry = ['file', 'hello', 'shirt.jpg']
export const FILE_NAME: Entry = ['fileName', 'shirt.jpg']

/** Uploads a form whose parts stand in the order given. */
export function upload(
  tracker: RunningTracker,
  entries: readonly Entry[],
  init: { path?: string; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  const form = new FormData()
  for (const [name, value, fileName] of entries) {
    if (fileName === undefined) form.append(name, value.toString())
    else form.append(name, new Blob([value]), fileName)
  }
  const { path = UPLOAD, ...rest } = init
  return tracker.fetch(path, { method: 'POST', body: form, ...rest })
}

export const BOUNDARY = 'boundary-of-the-caller'

/** The bytes of a form, for those that no client would send. */
export function formText(parts: readonly string[], end = `--${BOUNDARY}--\r\n`): string {
  return parts.map((part) => `--${BOUNDARY}\r\n${part}\r\n`).join('') + end
}

/** A part with its own headers. */
export function partText(disposition: string, value: string, more = ''): string {
  return `Content-Disposition: form-data; ${disposition}\r\n${more}\r\n${value}`
}

export function sendForm(
  tracker: RunningTracker,
  body: string | Buffer,
  headers: object = {},
): Promise<RawAnswer> {
  const caller = openUpload(tracker, { 'content-length': Buffer.byteLength(body), ...headers })
  caller.write(body)
  caller.end()
  return caller.answer
}

/** A caller whose form arrives as slowly, and ends as early, as the test wants. */
class SlowCaller {
  readonly answer: Promise<RawAnswer>
  readonly #outgoing: ClientRequest

  constructor(outgoing: ClientRequest) {
    this.#outgoing = outgoing
    this.answer = once(outgoing, 'response').then(async ([answer]) => ({
      status: answer.statusCode,
      headers: answer.headers,
      body: await text(answer),
    }))
    this.answer.catch(() => {})
    // A connection that breaks while the answer is read is told by `answer`.
    outgoing.on('error', () => {})
  }

  write(bytes: string | Buffer): boolean {
    return this.#outgoing.write(bytes)
  }

  /** Writes as much of `chunk` over and over as is taken at the moment, at most `times`; returns how often. */
  fill(chunk: Buffer, times = Number.POSITIVE_INFINITY): number {
    let count = 0
    while (count < times && !this.#outgoing.writableNeedDrain && !this.#outgoing.destroyed) {
      this.#outgoing.write(chunk)
      count += 1
    }
    return count
  }

  /** For a body that is piped. */
  get stream(): Writable {
    return this.#outgoing
  }

  end(): void {
    this.#outgoing.end()
  }

  leave(): void {
    this.#outgoing.destroy()
  }
}

export function openUpload(tracker: { url: string }, headers: object = {}, method = 'POST', path = UPLOAD) {
  const outgoing = request(tracker.url + path, {
    method,
    agent: false,
    headers: {
      authorization: `Bearer ${API_KEY}`,
      'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
      ...headers,
    },
  })
  const caller = new SlowCaller(outgoing)
  onTestFinished(() => caller.leave())
  return caller
}

export type SubmissionView = {
  submissionId: string
  kind: string
  state: string
  fileId: string | null
  extensions: { name: string; status: string; source: string }[]
  error: { code: string; message: string } | null
}

export async function getSubmission(
  tracker: RunningTracker,
  submissionId: string | null,
): Promise<SubmissionView> {
  const answer = await tracker.fetch(`/submissions/${submissionId}`)
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
  return (await answer.json()) as SubmissionView
}
