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
 * What ImageKit has under these ids; null for a file that is gone. The search lags behind, so what it leaves out, and what
 * `isDecisive` names, is asked for one by one. Throws `NotLookedError`.
 */
export async function lookUpFiles(
  imagekit: FileLookup,
  fileIds: readonly string[],
  isDecisive: (fileId: string) => boolean,
): Promise<Map<string, SeenFile | null>> {
  const listed =
    fileIds.length === 0 ? new Map<string, SeenFile>() : seenOf(await imagekit.listFiles(fileIds))
  const files = new Map<string, SeenFile | null>()
  for (const fileId of fileIds) {
    const file = listed.get(fileId)
    files.set(fileId, file && !isDecisive(fileId) ? file : seenOf(await imagekit.findFile(fileId)))
  }
  return files
}

function seenOf<T>(look: Look<T>): T {
  switch (look.kind) {
    case 'seen':
      return look.value
    case 'held_back':
      throw new NotLookedError('ImageKit asks to be left alone for a while.', look.ms)
    case 'failed':
      throw new NotLookedError(look.reason, null)
  }
}
