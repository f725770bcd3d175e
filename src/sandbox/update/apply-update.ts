import type { CustomMetadata, FileVersion } from '../library/file-version.ts'
import { currentVersion, type LibraryFile } from '../library/library-file.ts'
import type { DetailsUpdate } from './file-update.ts'

/** The changes of an update to the current version, before any of its extensions runs. */
export function changesOf(update: DetailsUpdate, file: LibraryFile): Partial<FileVersion> {
  const before = currentVersion(file)
  return {
    ...(update.tags !== undefined && { tags: update.tags }),
    ...(update.customCoordinates !== undefined && { customCoordinates: update.customCoordinates }),
    ...(update.description !== undefined && { description: update.description }),
    customMetadata: mergeMetadata(before.customMetadata, update.customMetadata),
    aiTags: withoutTags(before.aiTags, update.removeAITags),
  }
}

function mergeMetadata(before: CustomMetadata, change: CustomMetadata): CustomMetadata {
  const merged = Object.entries({ ...before, ...change })
  return Object.fromEntries(merged.filter(([, value]) => value !== null))
}

function withoutTags(
  tags: FileVersion['aiTags'],
  removed: DetailsUpdate['removeAITags'],
): FileVersion['aiTags'] {
  if (tags === null || removed === 'all') return null
  const kept = tags.filter(({ name }) => !removed.includes(name))
  return kept.length === 0 ? null : kept
}
