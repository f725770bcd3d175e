import { Readable } from 'node:stream'
import { request } from 'undici'
import { CommandError, errorCode, errorMessage } from './command-error.ts'
import { describeRefusal } from './describe-refusal.ts'
import type { TrackerAccess } from './tracker-access.ts'
import type { TrackerAnswer } from './tracker-answer.ts'

type TrackerRequest = {
  method: 'GET' | 'POST'
  path: string
  headers?: { [name: string]: string }
  body?: AsyncIterable<string | Uint8Array>
}

/** An answer whose body is read as it comes. */
type OpenAnswer = Omit<TrackerAnswer, 'text'> & { body: Readable & { text(): Promise<string> } }

export type TrackerClient = {
  /** Throws `CommandError` where no answer comes. */
  open(request: TrackerRequest, signal?: AbortSignal): Promise<OpenAnswer>
  /** Throws `CommandError` where no answer comes. */
  send(request: TrackerRequest, signal?: AbortSignal): Promise<TrackerAnswer>
  /** The error to throw for an answer that is a refusal. */
  refusal(answer: TrackerAnswer): CommandError
}

export function createTrackerClient(access: TrackerAccess): TrackerClient {
  const authorization = access.key && { authorization: `Bearer ${access.key.secret}` }
  const client: TrackerClient = {
    async open({ method, path, headers, body }, signal) {
      try {
        const response = await request(`${access.url}${path}`, {
          method,
          headers: { ...headers, ...authorization },
          body: body === undefined ? null : Readable.from(body, { objectMode: false }),
          // A slow line may need long for a large file; the service bounds what it waits for itself.
          headersTimeout: 0,
          bodyTimeout: 0,
          ...(signal && { signal }),
        })
        return {
          status: response.statusCode,
          header: (name) => [response.headers[name]].flat()[0],
          body: response.body,
        }
      } catch (error) {
        throw noAnswer(access.url, error)
      }
    },
    async send(request, signal) {
      const { status, header, body } = await client.open(request, signal)
      try {
        return { status, header, text: await body.text() }
      } catch (error) {
        throw noAnswer(access.url, error)
      }
    },
    refusal: (answer) => new CommandError(describeRefusal(answer, access)),
  }
  return client
}

function noAnswer(url: string, error: unknown): CommandError {
  const text = (() => {
    switch (errorCode(error)) {
      case 'ECONNREFUSED':
        return `Nothing answers at ${url}. Is "extension-tracker serve" running there? TRACKER_URL says where to look.`
      case 'ENOTFOUND':
      case 'EAI_AGAIN':
        return `The host of ${url} is not known. TRACKER_URL says where to look.`
      case 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH':
        return 'The file changed while it was sent. Nothing was uploaded.'
      default:
        return `No answer from ${url}: ${errorMessage(error)}`
    }
  })()
  return new CommandError(text, 1, { cause: error })
}
