/** How many ids one search takes. */
const MAX_IDS = 100

/** Servers refuse addresses of 8 KiB and more, some with far less: a hundred of ImageKit's own ids take half of it. */
const MAX_QUERY_BYTES = 4096

/** The value of `searchQuery` that asks for files by their ids, as it stands in an address. */
export function searchQuery(fileIds: readonly string[]): string {
  return encodeURIComponent(`id IN [${fileIds.map((id) => JSON.stringify(id)).join(',')}]`)
}

/** The ids in their order, as many to a search as fit into its address; one that fits nowhere is alone. */
export function searchBatches(fileIds: readonly string[]): string[][] {
  const batches: string[][] = []
  let bytes = 0
  for (const fileId of fileIds) {
    const batch = batches.at(-1)
    const more = searchQuery([fileId]).length
    if (batch && batch.length < MAX_IDS && bytes + more <= MAX_QUERY_BYTES) {
      batch.push(fileId)
      bytes += more - FRAME_BYTES
    } else {
      batches.push([fileId])
      bytes = more
    }
  }
  return batches
}

/** What every search has around its ids, less the comma between two of them. */
const FRAME_BYTES = searchQuery([]).length - encodeURIComponent(',').length
