import { Readable } from 'node:stream'
import { request } from 'undici'
import { errorMessage } from '../domain/errors.ts'
import { CommandError, errorCode } from './command-error.ts'
import { formatErrorResponse } from './format-error-response.ts'
import type { TrackerAccess } from './tracker-access.ts'
import type { TrackerResponse } from './tracker-response.ts'

type TrackerRequest = {
  method: 'GET' | 'POST'
  path: string
  headers?: { [name: string]: string }
  body?: AsyncIterable<string | Uint8Array>
}

/** A response whose body is streamed. */
type StreamingResponse = Omit<TrackerResponse, 'text'> & { body: Readable & { text(): Promise<string> } }

export type TrackerClient = {
  /** Throws `CommandError` if there is no response. */
  open(request: TrackerRequest, signal?: AbortSignal): Promise<StreamingResponse>
  /** Throws `CommandError` if there is no response. */
  send(request: TrackerRequest, signal?: AbortSignal): Promise<TrackerResponse>
  /** The error to throw for a response that is not a success. */
  toError(response: TrackerResponse): CommandError
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
          // A large file may take long on a slow connection. The service has its own timeouts.
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
        throw noResponse(access.url, error)
      }
    },
    async send(request, signal) {
      const { status, header, body } = await client.open(request, signal)
      try {
        return { status, header, text: await body.text() }
      } catch (error) {
        throw noResponse(access.url, error)
      }
    },
    toError: (response) => new CommandError(formatErrorResponse(response, access)),
  }
  return client
}

function noResponse(url: string, error: unknown): CommandError {
  const text = (() => {
    switch (errorCode(error)) {
      case 'ECONNREFUSED':
        return `Nothing listens at ${url}. Is "extension-tracker serve" running there? Set TRACKER_URL to its address.`
      case 'ENOTFOUND':
      case 'EAI_AGAIN':
        return `The host of ${url} is not known. Set TRACKER_URL to the service's address.`
      case 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH':
        return 'The file changed during the upload. Nothing was uploaded.'
      default:
        return `No response from ${url}: ${errorMessage(error)}`
    }
  })()
  return new CommandError(text, 1, { cause: error })
}
