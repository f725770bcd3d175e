import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import type { z } from 'zod'
import { errorMessage } from '../domain/errors.ts'
import type { CommandContext } from './command-context.ts'
import { CommandError, errorCode } from './command-error.ts'
import { parseTrackerAccess, type TrackerAccess } from './tracker-access.ts'
import { formatErrorResponse, type TrackerResponse } from './tracker-response.ts'

type Method = 'GET' | 'POST' | 'DELETE'

type TrackerRequest = {
  method: Method
  path: string
  headers?: { [name: string]: string }
  body?: AsyncIterable<string | Uint8Array>
}

/** A response whose body is streamed. */
type StreamingResponse = Omit<TrackerResponse, 'text'> & { body: Readable & { text(): Promise<string> } }

export type TrackerClient = {
  /** Returns the response once its headers have arrived. Throws `CommandError` if there is no response. */
  open(request: TrackerRequest, signal?: AbortSignal): Promise<StreamingResponse>
  /** Returns the complete response. Throws `CommandError` if there is none, or if it breaks off. */
  send(request: TrackerRequest, signal?: AbortSignal): Promise<TrackerResponse>
  /** The error to throw for a response that is not a success. */
  toError(response: TrackerResponse): CommandError
}

/** A client with the service's URL and the key from the environment. Throws `ConfigError` if they are invalid. */
export function createConfiguredClient({
  env,
  readText,
}: Pick<CommandContext, 'env' | 'readText'>): TrackerClient {
  return createTrackerClient(parseTrackerAccess(env, readText))
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
        throw toConnectionError(access.url, error)
      }
    },
    async send(request, signal) {
      const { status, header, body } = await client.open(request, signal)
      try {
        return { status, header, text: await body.text() }
      } catch (error) {
        throw toConnectionError(access.url, error)
      }
    },
    toError: (response) => new CommandError(formatErrorResponse(response, access)),
  }
  return client
}

function toConnectionError(url: string, error: unknown): CommandError {
  const text = (() => {
    switch (errorCode(error)) {
      case 'ECONNREFUSED':
        return `Nothing listens at ${url}. Is "extension-tracker serve" running there? Set TRACKER_URL to its address.`
      case 'ENOTFOUND':
      case 'EAI_AGAIN':
        return `The host name in ${url} could not be resolved. Set TRACKER_URL to the service's address.`
      case 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH':
        return 'The file changed during the upload. Nothing was uploaded.'
      default:
        return `No response from ${url}: ${errorMessage(error)}`
    }
  })()
  return new CommandError(text, 1, { cause: error })
}

type JsonRequest = { method?: Method; path: string; body?: object }

/** Sends a request. Throws `CommandError` unless the response is a success (2xx). */
export async function requestOk(
  client: TrackerClient,
  { method = 'GET', path, body }: JsonRequest,
): Promise<TrackerResponse> {
  const response = await client.send({
    method,
    path,
    ...(body && { headers: { 'content-type': 'application/json' }, body: oneChunk(JSON.stringify(body)) }),
  })
  if (response.status < 200 || response.status > 299) throw client.toError(response)
  return response
}

/** Requests JSON from the service. Throws `CommandError` unless the response is a success (2xx) that matches `schema`. */
export async function requestJson<T>(
  client: TrackerClient,
  request: JsonRequest,
  schema: z.ZodType<T>,
): Promise<T> {
  const response = await requestOk(client, request)
  try {
    return schema.parse(JSON.parse(response.text))
  } catch (cause) {
    throw new CommandError(
      'The response has an unexpected format. Does TRACKER_URL point to the service?',
      1,
      { cause },
    )
  }
}

/** A body that is sent as one chunk. */
export async function* oneChunk(text: string): AsyncGenerator<string, void> {
  yield text
}

const RETRY_PAUSE_MS = 1000

/**
 * A client whose `send` repeats a GET request while the service restarts: up to `tries` times, with a second in between, as long as
 * there is no response or a 5xx. Other requests are sent once.
 */
export function retryingClient(client: TrackerClient, tries = 60): TrackerClient {
  return {
    ...client,
    async send(request, signal) {
      for (let remaining = request.method === 'GET' ? tries : 1; ; remaining -= 1) {
        const response = await client.send(request, signal).catch((error: unknown) => {
          if (remaining <= 1 || signal?.aborted) throw error
        })
        if (response !== undefined && (response.status < 500 || remaining <= 1)) return response
        await pause(RETRY_PAUSE_MS, signal)
      }
    },
  }
}

/** Waits for `ms`. Throws `CommandError` as soon as `signal` aborts. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(ms, undefined, signal && { signal }).catch((cause: unknown) => {
    throw new CommandError('Stopped.', 1, { cause })
  })
}
