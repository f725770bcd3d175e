import type { z } from 'zod'
import {
  createClient,
  TrackerApiError,
  type TrackerClient,
  TrackerConnectionError,
} from '../client/client.ts'
import { createHttp, type Http } from '../client/http.ts'
import { errorMessage } from '../domain/errors.ts'
import type { CommandContext } from './command-context.ts'
import { CommandError, errorCode } from './command-error.ts'
import { parseTrackerAccess, type TrackerAccess } from './tracker-access.ts'
import { formatApiError } from './tracker-error.ts'
import { undiciFetch } from './undici-fetch.ts'

/** The client library's client, and `http` for the requests that it has no method for. */
export type CommandClient = TrackerClient & { http: Http; access: TrackerAccess }

/** A client with the service's URL and the key from the environment. Throws `ConfigError` if they are invalid. */
export function createConfiguredClient({
  env,
  readText,
}: Pick<CommandContext, 'env' | 'readText'>): CommandClient {
  return createCommandClient(parseTrackerAccess(env, readText))
}

export function createCommandClient(access: TrackerAccess): CommandClient {
  const options = { url: access.url, key: access.key?.secret, fetch: undiciFetch }
  return { ...createClient(options), http: createHttp(options), access }
}

type JsonRequest = { method?: 'GET' | 'POST' | 'DELETE'; path: string; body?: object }

/** Requests JSON from the service. Rejects with `CommandError` unless the response is a success that matches `schema`. */
export function requestJson<T>(
  client: CommandClient,
  { method, path, body }: JsonRequest,
  schema: z.ZodType<T>,
): Promise<T> {
  return readResponse(client, client.http.json(path, { method, json: body }), schema)
}

/** What a request of the client resolves with. Rejects with `CommandError` if the request fails or does not match `schema`. */
export async function readResponse<T>(
  client: CommandClient,
  request: Promise<unknown>,
  schema: z.ZodType<T>,
): Promise<T> {
  const body = await explainErrors(client, request)
  try {
    return schema.parse(body)
  } catch (cause) {
    throw new CommandError(UNEXPECTED_FORMAT, 1, { cause })
  }
}

const UNEXPECTED_FORMAT = 'The response has an unexpected format. Does TRACKER_URL point to the service?'

/** Rejects with the `CommandError` that explains the error of a request. */
export async function explainErrors<T>({ access }: CommandClient, request: Promise<T>): Promise<T> {
  return request.catch((error: unknown) => {
    throw toCommandError(access, error)
  })
}

/** The error to throw for one of the client. An error that is not about a request is returned as it is. */
export function toCommandError(access: TrackerAccess, error: unknown): unknown {
  if (error instanceof TrackerApiError) {
    const text = error.status < 300 ? UNEXPECTED_FORMAT : formatApiError(error, access)
    return new CommandError(text, 1, { cause: error })
  }
  if (error instanceof TrackerConnectionError) return toConnectionError(access.url, error.cause ?? error)
  // The reason of a signal.
  if (error instanceof DOMException) return toConnectionError(access.url, error)
  return error
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
