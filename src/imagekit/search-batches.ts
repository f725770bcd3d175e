/** At most this many ids are looked up in one search. */
const MAX_IDS = 100

/** Servers reject URLs of 8 KiB or more, and some reject shorter ones. A hundred of ImageKit's own ids need about 3,300 bytes. */
const MAX_QUERY_BYTES = 4096

/** The URL-encoded value of `searchQuery` that finds files by their ids. */
export function searchQuery(fileIds: readonly string[]): string {
  return encodeURIComponent(`id IN [${fileIds.map((id) => JSON.stringify(id)).join(',')}]`)
}

/** Splits the ids, in order, into batches for searches whose URLs are short enough. An id that is too long has its own batch. */
export function searchBatches(fileIds: readonly string[]): string[][] {
  const batches: string[][] = []
  let bytes = 0
  for (const fileId of fileIds) {
    const batch = batches.at(-1)
    const idBytes = searchQuery([fileId]).length
    if (batch && batch.length < MAX_IDS && bytes + idBytes <= MAX_QUERY_BYTES) {
      batch.push(fileId)
      bytes += idBytes - SHARED_BYTES
    } else {
      batches.push([fileId])
      bytes = idBytes
    }
  }
  return batches
}

/** An id adds this many bytes fewer to a batch than its own search has: it shares the constant part, but needs a comma. */
const SHARED_BYTES = searchQuery([]).length - encodeURIComponent(',').length
