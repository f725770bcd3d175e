import type { FileFacts } from '../domain/evidence.ts'

type SeenFile = { facts: FileFacts; object: object }
type Look<T> =
  | { kind: 'seen'; value: T }
  | { kind: 'held_back'; ms: number }
  | { kind: 'failed'; reason: string }

export type FileLookup = {
  listFiles(fileIds: readonly string[]): Promise<Look<Map<string, SeenFile>>>
  findFile(fileId: string): Promise<Look<SeenFile | null>>
}

/** ImageKit did not answer; nothing follows from that. `holdMs` is how long it wants to be left alone. */
export class NotLookedError extends Error {
  readonly holdMs: number | null

  constructor(reason: string, holdMs: number | null) {
    super(reason)
    this.name = 'NotLookedError'
    this.holdMs = holdMs
  }
}

/**
 * What ImageKit has under these ids; null for a file that is gone, and nothing for one about which it did not answer, so that
 * a single file does not hold up the others. The search lags behind, so what it leaves out, and what `isDecisive` names, is
 * asked for one by one. Throws `NotLookedError` where ImageKit can't be asked at all.
 */
export async function lookUpFiles(
  imagekit: FileLookup,
  fileIds: readonly string[],
  isDecisive: (fileId: string) => boolean,
): Promise<Map<string, SeenFile | null>> {
  const files = new Map<string, SeenFile | null>()
  if (fileIds.length === 0) return files
  const listed = await imagekit.listFiles(fileIds)
  if (listed.kind === 'failed') throw new NotLookedError(listed.reason, null)
  if (listed.kind === 'held_back') throw heldBack(listed.ms)
  for (const fileId of fileIds) {
    const file = listed.value.get(fileId)
    if (file && !isDecisive(fileId)) {
      files.set(fileId, file)
      continue
    }
    const found = await imagekit.findFile(fileId)
    if (found.kind === 'held_back') throw heldBack(found.ms)
    if (found.kind === 'seen') files.set(fileId, found.value)
  }
  return files
}

function heldBack(ms: number): NotLookedError {
  return new NotLookedError('ImageKit asks to be left alone for a while.', ms)
}
