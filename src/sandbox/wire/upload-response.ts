import {
  currentVersion,
  type FileFacts,
  type FileVersion,
  type LibraryFile,
} from '../library/library-file.ts'
import { plainUrl, THUMBNAIL, versionInfo } from './file-details.ts'

/** The response body of a successful upload, without `extensionStatus`. `requested`: the `responseFields` of the request. */
export function uploadResponse(
  origin: string,
  file: LibraryFile,
  requested: ReadonlySet<string>,
): Record<string, unknown> {
  const version = currentVersion(file)
  const { facts } = version
  return {
    fileId: file.fileId,
    name: file.name,
    size: facts.size,
    versionInfo: versionInfo(version),
    filePath: file.filePath,
    url: plainUrl(origin, file.filePath),
    fileType: facts.fileType,
    ...(facts.image !== null && { height: facts.image.height, width: facts.image.width }),
    ...(typeof facts.image?.orientation === 'number' && { orientation: facts.image.orientation }),
    ...(facts.fileType === 'image' && { thumbnailUrl: plainUrl(`${origin}/tr:${THUMBNAIL}`, file.filePath) }),
    AITags: version.aiTags,
    ...(version.description !== null && { description: version.description }),
    ...requestedFields(version, requested),
  }
}

function requestedFields(version: FileVersion, requested: ReadonlySet<string>): Record<string, unknown> {
  const available: Record<string, unknown> = {
    tags: version.tags,
    isPrivateFile: version.isPrivateFile,
    isPublished: version.isPublished,
    customCoordinates: version.customCoordinates,
    customMetadata: version.customMetadata,
    embeddedMetadata: version.facts.embeddedMetadata,
    metadata: legacyMetadata(version.facts),
    selectedFieldsSchema: {},
  }
  return Object.fromEntries(Object.entries(available).filter(([name]) => requested.has(name)))
}

/** The `metadata` of a file, as the API for metadata also returns it. */
export function legacyMetadata({ size, image }: FileFacts): Record<string, unknown> {
  if (image === null) return { size }
  return {
    height: image.height,
    width: image.width,
    size,
    format: image.format,
    hasColorProfile: image.hasColorProfile,
    quality: 0,
    ...(image.density !== null && { density: image.density }),
    hasTransparency: image.hasAlpha,
    exif: { image: {}, thumbnail: {}, exif: {}, gps: {}, interoperability: {}, makernote: {} },
  }
}
