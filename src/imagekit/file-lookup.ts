import { Agent, request } from 'undici'
import type { FileFacts } from '../domain/evidence.ts'
import { authorizationOf } from './authorization.ts'
import { readFileFacts } from './file-facts.ts'
import { createHold, readHoldMs } from './rate-limit.ts'
import { searchBatches, searchQuery } from './search-batches.ts'

/** A file as ImageKit tells it now: what is known of it, and the object itself. */
export type RemoteFile = { facts: FileFacts; object: object }

/**
 * What a look at ImageKit gave. `held_back`: nothing may be asked for so many milliseconds. `key_refused`: it takes nothing
 * from us. `refused`: it does not want these very ids. `failed`: nobody knows; that is never evidence of anything.
 */
export type LookupResult<T> =
  | { kind: 'seen'; value: T }
  | { kind: 'held_back'; ms: number }
  | { kind: 'key_refused' | 'refused' | 'failed'; reason: string }

/** Far more than the details of a hundred files; whatever says more is broken off. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

/** What these say is not about the ids: the address is wrong, or somebody in between has something else to say. */
const NOT_ABOUT_THE_IDS = new Set([404, 405, 407, 408])

/** With these an id is refused for what it looks like. */
const ABOUT_THE_ID = new Set([400, 413, 414, 422, 431])

/**
 * Reads file details within ImageKit's rate limits, which hold for all who use this lookup. `timeoutMs` is how long ImageKit
 * may be silent.
 */
export function createFileLookup(options: {
  privateKey: string
  apiUrl: string
  timeoutMs: number
  clock: () => number
  /** Called with the status of each response. */
  onStatus: (status: number) => void
}) {
  const { timeoutMs } = options
  const hold = createHold(options.clock)
  const dispatcher = new Agent({
    maxResponseSize: MAX_ANSWER_BYTES,
    connectTimeout: 10_000,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  })
  const authorization = authorizationOf(options.privateKey)

  const get = async <T>(
    path: string,
    read: (status: number, body: unknown) => LookupResult<T>,
  ): Promise<LookupResult<T>> => {
    const heldMs = hold.leftMs()
    if (heldMs > 0) return { kind: 'held_back', ms: heldMs }
    try {
      const headers = { authorization }
      const response = await request(`${options.apiUrl}${path}`, { headers, dispatcher })
      const text = await response.body.text()
      const { statusCode: status } = response
      options.onStatus(status)
      if (status === 429) {
        const ms = readHoldMs(response.headers)
        hold.begin(ms)
        return { kind: 'held_back', ms }
      }
      const body = parse(text)
      if (status === 401 || (status === 403 && isImagekitError(body)))
        return { kind: 'key_refused', reason: `ImageKit refuses our private key (${status}).` }
      return read(status, body)
    } catch (error) {
      return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) }
    }
  }

  return {
    batchesOf: searchBatches,

    /** The files among these, a batch of ids, that the search knows. It lags: one may be missing that exists. */
    listFiles(fileIds: readonly string[]): Promise<LookupResult<Map<string, RemoteFile>>> {
      return get(`/v1/files?searchQuery=${searchQuery(fileIds)}&limit=${fileIds.length}`, (status, body) => {
        const isRefused = status >= 400 && status < 500 && !NOT_ABOUT_THE_IDS.has(status)
        const reason = `ImageKit answered ${status} to the search`
        if (status !== 200 || !Array.isArray(body)) return { kind: isRefused ? 'refused' : 'failed', reason }
        const seen = body.flatMap((object: unknown) => readSeen(object) ?? [])
        return { kind: 'seen', value: new Map(seen.map((file) => [file.facts.fileId, file])) }
      })
    },

    /** One file as it is now; null where ImageKit itself says that it has none of this id. */
    findFile(fileId: string): Promise<LookupResult<RemoteFile | null>> {
      return get(`/v1/files/${encodeURIComponent(fileId)}/details`, (status, body) => {
        if (status === 404 && isImagekitError(body)) return { kind: 'seen', value: null }
        const seen = status === 200 ? readSeen(body) : undefined
        if (seen) return { kind: 'seen', value: seen }
        const reason = `ImageKit answered ${status} to the details call`
        return { kind: ABOUT_THE_ID.has(status) ? 'refused' : 'failed', reason }
      })
    },

    /** Breaks off what is under way. */
    close: () => dispatcher.destroy(),
  }
}

/** ImageKit's errors are JSON with a `message`; anything else comes from something in between. */
function isImagekitError(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'message' in body && typeof body.message === 'string'
}

function readSeen(object: unknown): RemoteFile | undefined {
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
