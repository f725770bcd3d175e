/** How many ids one search accepts. */
const MAX_IDS = 100

/** Servers reject URLs of 8 KiB or more, and some reject shorter ones. A hundred of ImageKit's own ids need about 3,300 bytes. */
const MAX_QUERY_BYTES = 4096

/** The URL-encoded value of `searchQuery` that finds files by their ids. */
export function searchQuery(fileIds: readonly string[]): string {
  return encodeURIComponent(`id IN [${fileIds.map((id) => JSON.stringify(id)).join(',')}]`)
}

/** Splits the ids, in order, into searches whose URLs are short enough. An id that is too long by itself is alone in one. */
export function searchBatches(fileIds: readonly string[]): string[][] {
  const batches: string[][] = []
  let bytes = 0
  for (const fileId of fileIds) {
    const batch = batches.at(-1)
    const idBytes = searchQuery([fileId]).length
    if (batch && batch.length < MAX_IDS && bytes + idBytes <= MAX_QUERY_BYTES) {
      batch.push(fileId)
      bytes += idBytes - FRAME_BYTES
    } else {
      batches.push([fileId])
      bytes = idBytes
    }
  }
  return batches
}

/** The constant part of every search, less the comma between two ids. */
const FRAME_BYTES = searchQuery([]).length - encodeURIComponent(',').length
