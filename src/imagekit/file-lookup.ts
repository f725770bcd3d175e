import { type Dispatcher, request } from 'undici'
import { z } from 'zod'
import { errorMessage } from '../domain/errors.ts'
import type { FileFacts } from '../domain/evidence.ts'
import { plainText } from '../domain/plain-text.ts'
import { createConnections } from './connections.ts'
import { readFileFacts } from './file-facts.ts'
import { authorizationOf } from './private-key.ts'
import { createCooldown, readResetMs } from './rate-limit.ts'
import { searchBatches, searchQuery } from './search-batches.ts'

/** A file's present state at ImageKit: the facts read from it, and the file object itself. */
export type RemoteFile = { facts: FileFacts; object: object }

/**
 * `rate_limited`: ImageKit's rate limit allows no request for `ms` milliseconds. `key_rejected`: ImageKit rejects our private
 * key. `rejected`: the request is rejected, perhaps because of these ids: fewer of them may succeed. `failed`: the lookup gave no
 * result, which is never evidence of anything.
 */
export type LookupResult<T> =
  | { kind: 'ok'; value: T }
  | { kind: 'rate_limited'; ms: number }
  | { kind: 'key_rejected' | 'rejected' | 'failed'; reason: string }

/** Far more than the details of a hundred files. Larger responses are aborted. */
const MAX_RESPONSE_BYTES = 64 * 1024 * 1024

/** For the search: these statuses say nothing about the ids: the URL is wrong, or something between ImageKit and us responded. */
const UNRELATED_TO_IDS = new Set([404, 405, 407, 408])

/** For the details call: these statuses mean that ImageKit rejects the form of the id itself. */
const INVALID_ID = new Set([400, 413, 414, 422, 431])

/**
 * Reads file details within ImageKit's rate limits, which all users of this lookup share. `timeoutMs` is how long ImageKit
 * may send nothing.
 */
export function createFileLookup(options: {
  privateKey: string
  apiUrl: string
  timeoutMs: number
  clock: () => number
  /** Adds a span to each request. */
  trace?: Dispatcher.DispatcherComposeInterceptor | undefined
  /** Called with the status of each complete response. */
  onStatus: (status: number) => void
}) {
  const { timeoutMs, trace } = options
  const cooldown = createCooldown(options.clock)
  const { dispatcher, close } = createConnections({ timeoutMs, maxResponseBytes: MAX_RESPONSE_BYTES, trace })
  const authorization = authorizationOf(options.privateKey)

  const get = async <T>(
    path: string,
    read: (status: number, body: unknown) => LookupResult<T>,
    signal?: AbortSignal,
  ): Promise<LookupResult<T>> => {
    const remainingMs = cooldown.remainingMs()
    if (remainingMs > 0) return { kind: 'rate_limited', ms: remainingMs }
    try {
      const headers = { authorization }
      const response = await request(`${options.apiUrl}${path}`, {
        headers,
        dispatcher,
        ...(signal && { signal }),
      })
      const text = await response.body.text()
      const { statusCode: status } = response
      options.onStatus(status)
      if (status === 429) {
        const ms = readResetMs(response.headers)
        cooldown.start(ms)
        return { kind: 'rate_limited', ms }
      }
      const body = parse(text)
      if (status === 401 || (status === 403 && isImagekitError(body)))
        return { kind: 'key_rejected', reason: `ImageKit rejects our private key (${status}).` }
      return read(status, body)
    } catch (error) {
      return { kind: 'failed', reason: errorMessage(error) }
    }
  }

  return {
    batchesOf: searchBatches,

    /** The files of one batch that ImageKit's search finds. The search lags, so it may miss a file that exists. */
    listFiles(fileIds: readonly string[]): Promise<LookupResult<Map<string, RemoteFile>>> {
      return get(`/v1/files?searchQuery=${searchQuery(fileIds)}&limit=${fileIds.length}`, (status, body) => {
        const isRejected = status >= 400 && status < 500 && !UNRELATED_TO_IDS.has(status)
        const reason = `ImageKit responded with ${status} to the search`
        if (status !== 200 || !Array.isArray(body))
          return { kind: isRejected ? 'rejected' : 'failed', reason }
        const files = body.flatMap((object: unknown) => readFile(object) ?? [])
        return { kind: 'ok', value: new Map(files.map((file) => [file.facts.fileId, file])) }
      })
    },

    /** One file's present state; null if ImageKit itself responds that there is no file with this id. */
    findFile(fileId: string): Promise<LookupResult<RemoteFile | null>> {
      return get(`/v1/files/${encodeURIComponent(fileId)}/details`, (status, body) => {
        if (status === 404 && isImagekitError(body)) return { kind: 'ok', value: null }
        const file = status === 200 ? readFile(body) : undefined
        if (file) return { kind: 'ok', value: file }
        const reason = `ImageKit responded with ${status} to the details call`
        return { kind: INVALID_ID.has(status) ? 'rejected' : 'failed', reason }
      })
    },

    /** The name of the extension that a saved extension runs; null if ImageKit has no saved extension with this id. */
    findSavedExtension(id: string, signal: AbortSignal): Promise<LookupResult<string | null>> {
      const read = (status: number, body: unknown): LookupResult<string | null> => {
        const saved = savedExtensionSchema.safeParse(body)
        if (status === 200 && saved.success) return { kind: 'ok', value: saved.data.config.name }
        if ((status === 404 || status === 400) && isImagekitError(body)) return { kind: 'ok', value: null }
        return { kind: 'failed', reason: `ImageKit responded with ${status} to the lookup` }
      }
      return get(`/v1/saved-extensions/${encodeURIComponent(id)}`, read, signal)
    },

    /** Aborts requests in flight. */
    close,
  }
}

const savedExtensionSchema = z.object({ config: z.object({ name: plainText }) })

/** ImageKit's errors are JSON with a `message`. Any other error comes from something between ImageKit and us. */
function isImagekitError(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'message' in body && typeof body.message === 'string'
}

function readFile(object: unknown): RemoteFile | undefined {
  const facts = readFileFacts(object)
  return facts && typeof object === 'object' && object !== null ? { facts, object } : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
