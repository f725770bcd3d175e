import { rm } from 'node:fs/promises'
import type { DiskStorage } from '../library/disk-storage.ts'
import { inspectFile } from '../library/inspect-file.ts'
import type { Library } from '../library/library.ts'
import { currentVersion, type LibraryFile } from '../library/library-file.ts'
import { runTasks } from './ai-tasks.ts'
import { describeFile } from './auto-description.ts'
import { tagImage } from './auto-tagging.ts'
import type { KnownExtension } from './extension-request.ts'
import { type Impression, readImpressions } from './image-impression.ts'
import { removeBackground } from './remove-background.ts'

type Media = { library: Library; storage: DiskStorage }

/** Gives an extension its effect on the current version of a file, and answers the file after it. */
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
      const impressions = await look(media, fileId)
      return library.update(fileId, (file) => ({
        aiTags: tagImage(extension, impressions, currentVersion(file).aiTags),
      }))
    }
    case 'ai-auto-description': {
      const impressions = await look(media, fileId)
      return library.update(fileId, (file) => ({
        description: describeFile(currentVersion(file).facts, impressions),
      }))
    }
    case 'ai-tasks': {
      const impressions = await look(media, fileId)
      return library.update(fileId, (file) => {
        const version = currentVersion(file)
        return runTasks(extension.tasks ?? [], { sha256: version.facts.sha256, impressions }, version)
      })
    }
  }
}

async function look({ library, storage }: Media, fileId: string): Promise<Impression[]> {
  const { versionId, facts } = currentVersion(library.getFile(fileId))
  return readImpressions(storage.bytesPath(fileId, versionId), facts)
}

/** ImageKit keeps what remove-bg made as a new version of the same file, which carries the details on. */
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
