import { once } from 'node:events'
import { type ClientRequest, request } from 'node:http'
import type { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import type { RawResponse } from './raw-request.ts'
import { API_KEY, type RunningTracker } from './tracker.ts'
import { FILE_ID } from './webhooks.ts'

export const UPLOAD = '/api/v1/files/upload'
export const EXTENSIONS = '[{"name":"remove-bg"}]'

/** A form part: name, content, file name. */
export type Entry = [name: string, value: string | Uint8Array<ArrayBuffer>, fileName?: string]

export const FILE: Entry = ['file', 'hello', 'shirt.jpg']
export const FILE_NAME: Entry = ['fileName', 'shirt.jpg']

/** Uploads a form with its parts in this order. */
export function upload(
  tracker: Pick<RunningTracker, 'fetch'>,
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

/** The text of a form: the parts, then `end`. Unlike `FormData`, it can be malformed. */
export function formText(parts: readonly string[], end = `--${BOUNDARY}--\r\n`): string {
  return parts.map((part) => `--${BOUNDARY}\r\n${part}\r\n`).join('') + end
}

/** The text of a part for `formText`. `moreHeaders` follow its Content-Disposition, each with its line end. */
export function partText(disposition: string, value: string, moreHeaders = ''): string {
  return `Content-Disposition: form-data; ${disposition}\r\n${moreHeaders}\r\n${value}`
}

/** Uploads this body unchanged as the whole form. */
export function sendForm(
  tracker: RunningTracker,
  body: string | Buffer,
  headers: object = {},
): Promise<RawResponse> {
  const caller = openUpload(tracker, { 'content-length': Buffer.byteLength(body), ...headers })
  caller.write(body)
  caller.end()
  return caller.response
}

/** A caller that sends its form in steps, and can stop before its end. */
class SlowCaller {
  readonly response: Promise<RawResponse>
  readonly #outgoing: ClientRequest

  constructor(outgoing: ClientRequest) {
    this.#outgoing = outgoing
    this.response = once(outgoing, 'response').then(async ([response]) => ({
      status: response.statusCode,
      headers: response.headers,
      body: await text(response),
    }))
    // An error of the request also rejects `response`, which not every test awaits. Without these handlers, both would be unhandled.
    this.response.catch(() => {})
    outgoing.on('error', () => {})
  }

  write(bytes: string | Buffer): boolean {
    return this.#outgoing.write(bytes)
  }

  /** Writes `chunk` until the request's buffer is full or the request breaks, at most `maxWrites` times. Returns the number of writes. */
  fill(chunk: Buffer, maxWrites = Number.POSITIVE_INFINITY): number {
    let count = 0
    while (count < maxWrites && !this.#outgoing.writableNeedDrain && !this.#outgoing.destroyed) {
      this.#outgoing.write(chunk)
      count += 1
    }
    return count
  }

  /** For piping a body, and for events such as `drain`. */
  get stream(): Writable {
    return this.#outgoing
  }

  end(): void {
    this.#outgoing.end()
  }

  disconnect(): void {
    this.#outgoing.destroy()
  }
}

/** Opens an upload, or another request, whose body the test writes. */
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
  onTestFinished(() => caller.disconnect())
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
  const response = await tracker.fetch(`/submissions/${submissionId}`)
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return (await response.json()) as SubmissionView
}

/** Updates a file, by default `FILE_ID`, through the tracker. */
export function update(
  tracker: RunningTracker,
  body: object | string,
  init: { fileId?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  const { fileId = FILE_ID, headers = {} } = init
  return tracker.fetch(`/v1/files/${encodeURIComponent(fileId)}/details`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}
