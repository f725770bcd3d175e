import type { FileFacts } from '../../domain/evidence.ts'

export type RemoteFile = { facts: FileFacts; object: object }
type LookupFailure =
  | { kind: 'rate_limited'; ms: number }
  | { kind: 'key_rejected' | 'rejected' | 'failed'; reason: string }
type LookupResult<T> = { kind: 'ok'; value: T } | LookupFailure

export type FileLookup = {
  /** Splits the ids into batches that each fit in one search. */
  batchesOf(fileIds: readonly string[]): string[][]
  listFiles(fileIds: readonly string[]): Promise<LookupResult<Map<string, RemoteFile>>>
  findFile(fileId: string): Promise<LookupResult<RemoteFile | null>>
}

/** Why the lookups stopped. `retryAfterMs` is how long ImageKit accepts no further requests. */
export type Stop = { reason: string; retryAfterMs: number | null; isKeyRejected: boolean }

export type FetchedFiles = {
  /** Null for a file that is gone. */
  files: Map<string, RemoteFile | null>
  /** Ids whose lookup ImageKit rejects. A retry would be rejected too; other ids are not affected. */
  rejected: Set<string>
  /** Ids whose lookup failed: whether the file still exists is unknown. */
  failed: Set<string>
  /** Ids in none of the sets above were not reached before the stop. */
  stop: Stop | null
}

/**
 * Fetches the files with these ids from ImageKit; one failing id does not block the others. ImageKit's search index lags
 * behind, so files that it omits, and files for which `isDecisive` is true because a run may expire now, are fetched one by one.
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
  const isUnreachable = fetched.files.size + fetched.rejected.size === 0
  if (failure !== undefined && isUnreachable) fetched.stop = stopOf({ kind: 'failed', reason: failure })
  return fetched
}

/**
 * One invalid id can make ImageKit reject the whole search: then each half is searched. A single rejected id is left to
 * `findFile`.
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
