import { LRUCache } from 'lru-cache'
import { isFileId } from '../../domain/plain-text.ts'
import { SAVED_EXTENSION } from '../../domain/saved-extension.ts'
import type { RequestedExtension } from '../../domain/submission.ts'

/**
 * Asks ImageKit which extension each saved extension among `extensions` runs. Resolves with the names, by the ids of the saved
 * extensions. Omits those that ImageKit does not name in time: they share a placeholder run until a response or a webhook names them.
 * Never rejects.
 */
export type NameSavedExtensions = (
  extensions: readonly RequestedExtension[],
) => Promise<ReadonlyMap<string, string>>

/** A saved extension may be edited at any time, so its name is not remembered for long. */
const REMEMBER_MS = 60_000
/** Requests wait for a lookup, so this is short. A failure is remembered, too, so no second lookup of an id begins within a minute. */
const TIMEOUT_MS = 1500
const MAX_REMEMBERED = 1000

export function createSavedExtensionNames({
  findSavedExtension,
  log,
}: {
  /** The name of the extension that a saved extension runs; null if there is no such saved extension. */
  findSavedExtension: (
    id: string,
    signal: AbortSignal,
  ) => Promise<{ kind: 'ok'; value: string | null } | { kind: string; reason?: string }>
  log: { warn(fields: object, text: string): void }
}): NameSavedExtensions {
  const names = new LRUCache<string, Promise<string | null>>({ max: MAX_REMEMBERED, ttl: REMEMBER_MS })
  const lookUp = async (id: string): Promise<string | null> => {
    const found = await findSavedExtension(id, AbortSignal.timeout(TIMEOUT_MS))
    if ('value' in found) return found.value === SAVED_EXTENSION ? null : found.value
    const { kind, reason = kind } = found
    log.warn({ event: 'saved_extension.unnamed', id, reason }, 'a saved extension could not be looked up')
    return null
  }
  const nameOf = (id: string): Promise<string | null> => {
    const known = names.get(id)
    if (known !== undefined) return known
    const name = lookUp(id)
    names.set(id, name)
    return name
  }
  return async (extensions) => {
    // ImageKit has no saved extension with an id that can't be one segment of a path.
    const ids = extensions.flatMap(({ name, id }) =>
      name === SAVED_EXTENSION && typeof id === 'string' && isFileId(id) ? [id] : [],
    )
    const entries = await Promise.all([...new Set(ids)].map(async (id) => [id, await nameOf(id)] as const))
    return new Map(entries.flatMap(([id, name]) => (name === null ? [] : [[id, name]])))
  }
}
