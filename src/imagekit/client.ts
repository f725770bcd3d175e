import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { Agent, errors, request } from 'undici'
import type { Json } from '../domain/json.ts'
import type { FormLimits } from './form-reader.ts'
import { readFormParts } from './form-reader.ts'
import { createFormWriter } from './form-writer.ts'
import { readAnswer } from './read-answer.ts'
import { fingerprintUpload, relayUpload, type UploadFields } from './upload-relay.ts'

type ClientOptions = {
  privateKey: string
  uploadUrl: string
  apiUrl: string
  formLimits: FormLimits
  /** How long ImageKit may be silent, in milliseconds. */
  timeoutMs: number
}

/** How far a request has come, as its body tells while it is sent. */
type Track = { wasComplete: boolean; failure: unknown }

/** What is passed on of ImageKit's answer beside its status and body. */
const PASSED_HEADERS = [
  'content-type',
  'x-ik-requestid',
  'x-ratelimit-limit',
  'x-ratelimit-reset',
  'x-ratelimit-interval',
]

/** Speaks to ImageKit. Nothing is ever sent twice. What is wrong with a caller's form is thrown as `TrackerError`. */
export function createImagekitClient(options: ClientOptions) {
  const dispatcher = new Agent({
    connectTimeout: 10_000,
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
  })
  const authorization = `Basic ${Buffer.from(`${options.privateKey}:`).toString('base64')}`

  const exchange = async (
    url: string,
    method: 'POST' | 'PATCH',
    contentType: string,
    body: AsyncIterable<string | Buffer>,
    track: Track,
    signal?: AbortSignal,
  ) => {
    try {
      const headers = { authorization, 'content-type': contentType }
      const options = { method, headers, body: Readable.from(body), dispatcher }
      const response = await request(url, { ...options, ...(signal && { signal }) })
      const wasComplete = track.wasComplete
      const text = await response.body.text()
      const passed = passedHeaders(response.headers)
      const answer = readAnswer(response.statusCode, text, passed['x-ik-requestid'] ?? null)
      return {
        kind: 'answered' as const,
        wasComplete,
        status: response.statusCode,
        headers: passed,
        body: text,
        answer,
      }
    } catch (cause) {
      if (track.failure !== undefined) throw track.failure
      return { kind: 'broken' as const, wasComplete: track.wasComplete, timedOut: isTimeout(cause), cause }
    }
  }

  return {
    /**
     * Relays an upload form as it arrives. `close` is called once all of it has come; see `relayUpload`. `signal` aborts
     * the upload while its form is not complete; afterwards the answer is awaited whatever happens.
     */
    sendUpload(upload: {
      version: 'v1' | 'v2'
      form: IncomingMessage
      fingerprint: boolean
      close: (fields: UploadFields) => Promise<{ webhookUrl: string | null }>
      signal: AbortSignal
    }) {
      const writer = createFormWriter()
      const track: Track = { wasComplete: false, failure: undefined }
      const abort = new AbortController()
      const onAbort = () => {
        if (!track.wasComplete) abort.abort(upload.signal.reason)
      }
      upload.signal.addEventListener('abort', onAbort)
      const relayed = relayUpload(readFormParts(upload.form, options.formLimits), writer, upload.close, {
        fingerprint: upload.fingerprint,
        onComplete: () => {
          track.wasComplete = true
        },
      })
      const url = `${options.uploadUrl}/api/${upload.version}/files/upload`
      return exchange(
        url,
        'POST',
        writer.contentType,
        keepFailure(relayed, track),
        track,
        abort.signal,
      ).finally(() => upload.signal.removeEventListener('abort', onAbort))
    },

    /** The fingerprint that the form would have had, had it been sent. */
    fingerprintUpload: (form: IncomingMessage) => fingerprintUpload(readFormParts(form, options.formLimits)),

    /** Updates a file that exists. */
    sendUpdate(fileId: string, body: { [name: string]: Json }) {
      const track: Track = { wasComplete: false, failure: undefined }
      const url = `${options.apiUrl}/v1/files/${encodeURIComponent(fileId)}/details`
      const json = JSON.stringify(body)
      const content = async function* () {
        track.wasComplete = true
        yield json
      }
      return exchange(url, 'PATCH', 'application/json', content(), track)
    },

    /** Ends idle connections. */
    close: () => dispatcher.close(),
  }
}

/** undici wraps or replaces what a body throws; the caller needs the error itself. */
async function* keepFailure<T>(
  source: AsyncIterable<T>,
  track: { failure: unknown },
): AsyncGenerator<T, void> {
  try {
    yield* source
  } catch (error) {
    track.failure = error
    throw error
  }
}

function passedHeaders(headers: { [name: string]: string | string[] | undefined }): {
  [name: string]: string
} {
  const passed: { [name: string]: string } = {}
  for (const name of PASSED_HEADERS) {
    const value = headers[name]
    if (value !== undefined) passed[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return passed
}

function isTimeout(error: unknown): boolean {
  return (
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError ||
    error instanceof errors.ConnectTimeoutError
  )
}
