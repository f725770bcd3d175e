import { Agent, request } from 'undici'
import type { FileFacts } from '../domain/evidence.ts'
import { readFileFacts } from './file-facts.ts'
import { readHoldMs } from './rate-limit.ts'

/** A file as ImageKit tells it now: what is known of it, and the object itself. */
export type SeenFile = { facts: FileFacts; object: object }

/**
 * What a look at ImageKit gave. `held_back`: nothing may be asked for so many milliseconds. `failed`: nobody knows; that is
 * never evidence of anything.
 */
export type Look<T> =
  | { kind: 'seen'; value: T }
  | { kind: 'held_back'; ms: number }
  | { kind: 'failed'; reason: string }

/** How many ids one search takes. */
const MAX_LISTED = 100

/** Far more than the details of a hundred files; whatever says more is broken off. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

/** Reads file details within ImageKit's rate limits. `timeoutMs` is how long ImageKit may be silent. */
export function createFileLookup(options: { privateKey: string; apiUrl: string; timeoutMs: number }) {
  const { timeoutMs } = options
  const dispatcher = new Agent({
    maxResponseSize: MAX_ANSWER_BYTES,
    connectTimeout: 10_000,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  })
  const authorization = `Basic ${Buffer.from(`${options.privateKey}:`).toString('base64')}`

  const get = async <T>(path: string, read: (status: number, body: unknown) => Look<T>): Promise<Look<T>> => {
    try {
      const headers = { authorization }
      const response = await request(`${options.apiUrl}${path}`, { headers, dispatcher })
      const text = await response.body.text()
      if (response.statusCode === 429) return { kind: 'held_back', ms: readHoldMs(response.headers) }
      return read(response.statusCode, parse(text))
    } catch (error) {
      return failed(error instanceof Error ? error.message : String(error))
    }
  }

  return {
    /** The files among these that the search knows, at most `MAX_LISTED` at once. It lags: one may be missing that exists. */
    listFiles(fileIds: readonly string[]): Promise<Look<Map<string, SeenFile>>> {
      const query = encodeURIComponent(`id IN [${fileIds.map((id) => JSON.stringify(id)).join(',')}]`)
      return get(`/v1/files?searchQuery=${query}&limit=${MAX_LISTED}`, (status, body) => {
        if (status !== 200 || !Array.isArray(body)) return failed(`ImageKit answered ${status} to the search`)
        const seen = body.flatMap((object: unknown) => readSeen(object) ?? [])
        return { kind: 'seen', value: new Map(seen.map((file) => [file.facts.fileId, file])) }
      })
    },

    /** One file as it is now; null where ImageKit has none of this id. */
    findFile(fileId: string): Promise<Look<SeenFile | null>> {
      return get(`/v1/files/${encodeURIComponent(fileId)}/details`, (status, body) => {
        if (status === 404) return { kind: 'seen', value: null }
        const seen = status === 200 ? readSeen(body) : undefined
        return seen
          ? { kind: 'seen', value: seen }
          : failed(`ImageKit answered ${status} to the details call`)
      })
    },

    /** Breaks off what is under way. */
    close: () => dispatcher.destroy(),
  }
}

function readSeen(object: unknown): SeenFile | undefined {
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

function failed<T>(reason: string): Look<T> {
  return { kind: 'failed', reason }
}
