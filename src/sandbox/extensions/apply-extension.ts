import { rm } from 'node:fs/promises'
import type { DiskStorage } from '../library/disk-storage.ts'
import { inspectFile } from '../library/inspect-file.ts'
import type { Library } from '../library/library.ts'
import { currentVersion, type LibraryFile } from '../library/library-file.ts'
import { runTasks } from './ai-tasks.ts'
import { describeFile } from './auto-description.ts'
import { tagImage } from './auto-tagging.ts'
import type { KnownExtension } from './extension-request.ts'
import { type Label, readLabels } from './image-statistics.ts'
import { removeBackground } from './remove-background.ts'

type Media = { library: Library; storage: DiskStorage }

/** Applies an extension to the current version of a file, and returns the changed file. */
export async function applyExtension(
  media: Media,
  fileId: string,
  extension: KnownExtension | null,
): Promise<LibraryFile> {
  const { library } = media
  if (extension === null) return library.getFile(fileId)
  switch (extension.name) {
    case 'remove-bg':
      return addCutOut(media, fileId, extension.options?.bg_color)
    case 'google-auto-tagging':
    case 'aws-auto-tagging': {
      const labels = await readCurrentLabels(media, fileId)
      return library.update(fileId, (file) => ({
        aiTags: tagImage(extension, labels, currentVersion(file).aiTags),
      }))
    }
    case 'ai-auto-description': {
      const labels = await readCurrentLabels(media, fileId)
      return library.update(fileId, (file) => ({
        description: describeFile(currentVersion(file).facts, labels),
      }))
    }
    case 'ai-tasks': {
      const labels = await readCurrentLabels(media, fileId)
      return library.update(fileId, (file) => {
        const version = currentVersion(file)
        return runTasks(extension.tasks ?? [], { sha256: version.facts.sha256, labels }, version)
      })
    }
  }
}

async function readCurrentLabels({ library, storage }: Media, fileId: string): Promise<Label[]> {
  const { versionId, facts } = currentVersion(library.getFile(fileId))
  return readLabels(storage.bytesPath(fileId, versionId), facts)
}

/** ImageKit stores the result of remove-bg as a new version of the same file. The version keeps the other details. */
async function addCutOut({ library, storage }: Media, fileId: string, colour: string | undefined) {
  const file = library.getFile(fileId)
  const source = currentVersion(file)
  const spooled = storage.spoolPath()
  try {
    await removeBackground(storage.bytesPath(fileId, source.versionId), spooled, source.facts, colour)
    const facts = await inspectFile(spooled, file.name)
    return await library.addVersionTo(fileId, spooled, (now) => ({ ...currentVersion(now), facts }))
  } finally {
    await rm(spooled, { force: true })
  }
}
