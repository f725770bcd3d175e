import type { FileFacts } from '../domain/evidence.ts'

export type RemoteFile = { facts: FileFacts; object: object }
type Unseen =
  | { kind: 'held_back'; ms: number }
  | { kind: 'key_refused' | 'refused' | 'failed'; reason: string }
type LookupResult<T> = { kind: 'seen'; value: T } | Unseen

export type FileLookup = {
  /** As many ids as one search takes. */
  batchesOf(fileIds: readonly string[]): string[][]
  listFiles(fileIds: readonly string[]): Promise<LookupResult<Map<string, RemoteFile>>>
  findFile(fileId: string): Promise<LookupResult<RemoteFile | null>>
}

/** Why ImageKit can't be asked any further. `holdMs` is how long it wants to be left alone. */
export type Stop = { reason: string; holdMs: number | null; isKeyRefused: boolean }

export type FetchedFiles = {
  /** Null for a file that is gone. */
  files: Map<string, RemoteFile | null>
  /** What ImageKit refuses to look for: it concerns this id alone, and no other answer is to be hoped for. */
  refused: Set<string>
  /** About these ImageKit was asked and gave no answer; nothing follows from that. */
  unanswered: Set<string>
  /** Ids that are nowhere above were not reached before it. */
  stop: Stop | null
}

/**
 * What ImageKit has under these ids; no id holds up the others. The search lags behind, so what it leaves out, and what
 * `isDecisive` names, is asked for one by one.
 */
export async function fetchFiles(
  imagekit: FileLookup,
  fileIds: readonly string[],
  isDecisive: (fileId: string) => boolean,
): Promise<FetchedFiles> {
  const looked: FetchedFiles = { files: new Map(), refused: new Set(), unanswered: new Set(), stop: null }
  for (const batch of imagekit.batchesOf(fileIds)) {
    looked.stop = await search(imagekit, batch, (fileId, file) => {
      if (!isDecisive(fileId)) looked.files.set(fileId, file)
    })
    if (looked.stop) return looked
  }
  let failure: string | undefined
  for (const fileId of fileIds.filter((id) => !looked.files.has(id))) {
    const found = await imagekit.findFile(fileId)
    if (found.kind === 'seen') looked.files.set(fileId, found.value)
    else if (found.kind === 'refused') looked.refused.add(fileId)
    else if (found.kind === 'failed') {
      looked.unanswered.add(fileId)
      failure = found.reason
    } else return { ...looked, stop: stopOf(found) }
  }
  const isSilent = looked.files.size + looked.refused.size === 0
  if (failure !== undefined && isSilent) looked.stop = stopOf({ kind: 'failed', reason: failure })
  return looked
}

/** One odd id may have the whole search refused: the halves are searched then. Alone it is left to the details call. */
async function search(
  imagekit: FileLookup,
  fileIds: readonly string[],
  take: (fileId: string, file: RemoteFile) => void,
): Promise<Stop | null> {
  const listed = await imagekit.listFiles(fileIds)
  if (listed.kind === 'seen') {
    for (const fileId of fileIds) {
      const file = listed.value.get(fileId)
      if (file) take(fileId, file)
    }
    return null
  }
  if (listed.kind !== 'refused') return stopOf(listed)
  if (fileIds.length === 1) return null
  const middle = Math.ceil(fileIds.length / 2)
  return (
    (await search(imagekit, fileIds.slice(0, middle), take)) ??
    (await search(imagekit, fileIds.slice(middle), take))
  )
}

function stopOf(unseen: Unseen): Stop {
  if (unseen.kind === 'held_back')
    return { reason: 'ImageKit asks to be left alone for a while.', holdMs: unseen.ms, isKeyRefused: false }
  return { reason: unseen.reason, holdMs: null, isKeyRefused: unseen.kind === 'key_refused' }
}
