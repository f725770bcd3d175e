import { badRequest } from '../api-error.ts'
import type { NewVersion } from '../library/file-index.ts'
import { withUniqueSuffix } from '../library/file-path.ts'
import type { Library } from '../library/library.ts'
import { currentVersion, type FileFacts, type LibraryFile } from '../library/library-file.ts'
import type { UploadParameters } from '../parameters/upload-parameters.ts'

/** Adds an upload to the library: as a new file, or as a new version if there is a file at the same path. */
export function placeUpload(
  library: Library,
  parameters: UploadParameters,
  content: { spoolPath: string; facts: FileFacts },
): Promise<LibraryFile> {
  const { fileName, folder, useUniqueFileName, overwriteFile } = parameters
  const name = useUniqueFileName ? withUniqueSuffix(fileName) : fileName
  return library.place({ filePath: `${folder}${name}`, spoolPath: content.spoolPath }, (existing) => {
    if (existing !== undefined && !useUniqueFileName && !overwriteFile) {
      throw badRequest(
        'A file with the same name already exists at the exact location. We could not overwrite it because both overwriteFile and useUniqueFileName are set to false.',
      )
    }
    return newVersion(parameters, content.facts, existing)
  })
}

/**
 * The details of the new version. If `overwriteTags` is false, a request without tags keeps those of the previous version; so does
 * a request without custom metadata if `overwriteCustomMetadata` is false. The AI tags are kept if `overwriteAITags` is false.
 */
function newVersion(
  parameters: UploadParameters,
  facts: FileFacts,
  existing: LibraryFile | undefined,
): NewVersion {
  const previous = existing && currentVersion(existing)
  const keptTags = parameters.overwriteTags ? undefined : previous?.tags
  const keptAiTags = parameters.overwriteAITags ? undefined : previous?.aiTags
  const keptMetadata = parameters.overwriteCustomMetadata ? undefined : previous?.customMetadata
  return {
    tags: parameters.tags === undefined ? (keptTags ?? null) : parameters.tags,
    aiTags: keptAiTags ?? null,
    isPrivateFile: parameters.isPrivateFile,
    isPublished: parameters.isPublished,
    customCoordinates: parameters.customCoordinates ?? null,
    customMetadata: parameters.customMetadata ?? keptMetadata ?? {},
    description: parameters.description ?? null,
    facts,
  }
}
