import type { FileFacts } from '../../domain/evidence.ts'

/** A file's present state at ImageKit: the facts read from it, and ImageKit's file object itself. */
export type RemoteFile = { facts: FileFacts; object: object }

type LookupFailure =
  /** ImageKit accepts no further requests for `ms` milliseconds. */
  | { kind: 'rate_limited'; ms: number }
  /**
   * `key_rejected`: ImageKit rejects our private key. `rejected`: it rejects the request, perhaps because of one of its ids.
   * `failed`: there was no usable response.
   */
  | { kind: 'key_rejected' | 'rejected' | 'failed'; reason: string }
type LookupResult<T> = { kind: 'ok'; value: T } | LookupFailure

export type FileLookup = {
  /** Splits the ids into batches that each fit in one search. */
  batchesOf(fileIds: readonly string[]): string[][]
  /** Searches for the files of one batch. The result may lack files that exist, because the search index lags behind. */
  listFiles(fileIds: readonly string[]): Promise<LookupResult<Map<string, RemoteFile>>>
  /** Reads one file; null if it is gone. */
  findFile(fileId: string): Promise<LookupResult<RemoteFile | null>>
}

/** Why the lookups stopped. `retryAfterMs`: how long ImageKit's rate limit allows no further requests; null for other reasons. */
export type Stop = { reason: string; retryAfterMs: number | null; isKeyRejected: boolean }

export type FetchedFiles = {
  /** Null for a file that is gone. */
  files: Map<string, RemoteFile | null>
  /** Ids whose lookup ImageKit rejects. A retry would be rejected too; other ids are not affected. */
  rejected: Set<string>
  /** Ids whose lookup failed: whether the file still exists is unknown. */
  failed: Set<string>
  /**
   * Why no further lookups should be sent now; null if they may be sent. The lookup of an id in none of the collections above was not
   * sent, or caused the stop.
   */
  stop: Stop | null
}

/**
 * Fetches the files with these ids from ImageKit: first with searches, then one by one the files that a search omits or rejects, and
 * the files for which `isDecisive` is true, because one of their runs may expire now, and ImageKit's search index lags behind. If the
 * lookup of a single file fails or is rejected, the others are looked up nevertheless.
 */
export async function fetchFiles(
  imagekit: FileLookup,
  fileIds: readonly string[],
  isDecisive: (fileId: string) => boolean,
): Promise<FetchedFiles> {
  const fetched: FetchedFiles = { files: new Map(), rejected: new Set(), failed: new Set(), stop: null }
  for (const batch of imagekit.batchesOf(fileIds)) {
    fetched.stop = await search(imagekit, batch, (fileId, file) => {
      if (!isDecisive(fileId)) fetched.files.set(fileId, file)
    })
    if (fetched.stop) return fetched
  }
  let failure: string | undefined
  for (const fileId of fileIds.filter((id) => !fetched.files.has(id))) {
    const lookup = await imagekit.findFile(fileId)
    if (lookup.kind === 'ok') fetched.files.set(fileId, lookup.value)
    else if (lookup.kind === 'rejected') fetched.rejected.add(fileId)
    else if (lookup.kind === 'failed') {
      fetched.failed.add(fileId)
      failure = lookup.reason
    } else return { ...fetched, stop: stopOf(lookup) }
  }
  // If no lookup of a file gave a usable response, ImageKit counts as unavailable.
  const isUnavailable = fetched.files.size + fetched.rejected.size === 0
  if (failure !== undefined && isUnavailable) fetched.stop = stopOf({ kind: 'failed', reason: failure })
  return fetched
}

/**
 * Calls `onFile` for each file that ImageKit's search finds. One invalid id can make ImageKit reject the whole search: then each
 * half is searched separately. A single rejected id is left to `findFile`.
 */
async function search(
  imagekit: FileLookup,
  fileIds: readonly string[],
  onFile: (fileId: string, file: RemoteFile) => void,
): Promise<Stop | null> {
  const listed = await imagekit.listFiles(fileIds)
  if (listed.kind === 'ok') {
    for (const fileId of fileIds) {
      const file = listed.value.get(fileId)
      if (file) onFile(fileId, file)
    }
    return null
  }
  if (listed.kind !== 'rejected') return stopOf(listed)
  if (fileIds.length === 1) return null
  const middle = Math.ceil(fileIds.length / 2)
  return (
    (await search(imagekit, fileIds.slice(0, middle), onFile)) ??
    (await search(imagekit, fileIds.slice(middle), onFile))
  )
}

function stopOf(failure: LookupFailure): Stop {
  if (failure.kind === 'rate_limited')
    return { reason: 'ImageKit limits the rate of requests.', retryAfterMs: failure.ms, isKeyRejected: false }
  return { reason: failure.reason, retryAfterMs: null, isKeyRejected: failure.kind === 'key_rejected' }
}
