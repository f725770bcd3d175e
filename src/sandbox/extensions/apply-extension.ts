import { rm } from 'node:fs/promises'
import type { DiskStorage } from '../library/disk-storage.ts'
import { inspectFile } from '../library/inspect-file.ts'
import type { Library } from '../library/library.ts'
import { type AiTag, currentVersion, type FileFacts, type LibraryFile } from '../library/library-file.ts'
import { runTasks } from './ai-tasks.ts'
import type { KnownExtension } from './extension-request.ts'
import { type Label, readLabels } from './image-statistics.ts'
import { removeBackground } from './remove-background.ts'

type Media = { library: Library; storage: DiskStorage }

/** Applies an extension to the current version of a file, and returns the changed file. An unknown extension (null) changes nothing. */
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
        aiTags: tagFile(extension, labels, currentVersion(file).aiTags),
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
async function addCutOut({ library, storage }: Media, fileId: string, backgroundColour: string | undefined) {
  const file = library.getFile(fileId)
  const source = currentVersion(file)
  const spoolPath = storage.spoolPath()
  try {
    await removeBackground(
      storage.bytesPath(fileId, source.versionId),
      spoolPath,
      source.facts,
      backgroundColour,
    )
    const facts = await inspectFile(spoolPath, file.name)
    return await library.addVersionTo(fileId, spoolPath, (current) => ({ ...currentVersion(current), facts }))
  } finally {
    await rm(spoolPath, { force: true })
  }
}

// The documented maximum of maxTags.
const MAX_TAGS = 30

type Tagger = { name: string; minConfidence?: number | undefined; maxTags?: number | undefined }

/** The file's AITags after a tagger ran: it replaces its own tags and keeps those of other sources. */
function tagFile(tagger: Tagger, labels: readonly Label[], present: AiTag[] | null): AiTag[] | null {
  const { name: source, minConfidence = 0, maxTags = MAX_TAGS } = tagger
  const newTags = labels
    .filter(({ confidence }) => confidence >= minConfidence)
    .slice(0, Math.min(maxTags, MAX_TAGS))
    .map(({ name, confidence }) => ({ name, confidence, source }))
  const tags = [...(present ?? []).filter((tag) => tag.source !== source), ...newTags]
  return tags.length === 0 ? null : tags
}

/** A sentence that describes a file. It follows from the facts and labels, so that tests can assert it. */
function describeFile({ image, mime, size }: FileFacts, labels: readonly Label[]): string {
  if (image === null) return `A file of type ${mime} and ${size} bytes.`
  const names = labels.map(({ name }) => name.toLowerCase())
  return `An image of ${image.width} x ${image.height} pixels: ${names.slice(0, 4).join(', ')}.`
}
