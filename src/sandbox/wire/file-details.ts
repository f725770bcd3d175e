import {
  type AiTag,
  type CustomMetadata,
  createdAtOf,
  currentVersion,
  type FileVersion,
  type LibraryFile,
} from '../library/library-file.ts'

/**
 * A file or a version as ImageKit's API returns it, alone and in lists, and as the `fileObject` of a webhook. It has no
 * `extensionStatus`: only the responses to uploads and updates contain one.
 */
export type FileDetails = {
  fileId: string
  type: 'file' | 'file-version'
  name: string
  filePath: string
  tags: string[] | null
  AITags: AiTag[] | null
  versionInfo: { id: string; name: string }
  isPrivateFile: boolean
  isPublished: boolean
  customCoordinates: string | null
  url: string
  thumbnail?: string
  fileType: string
  mime: string
  width?: number
  height?: number
  size: number
  hasAlpha?: boolean
  customMetadata: CustomMetadata
  embeddedMetadata?: Record<string, unknown>
  description?: string
  createdAt: string
  updatedAt: string
}

/** The details of the current version of a file. */
export function fileDetails(origin: string, file: LibraryFile): FileDetails {
  return versionDetails(origin, file, currentVersion(file))
}

export function versionDetails(origin: string, file: LibraryFile, version: FileVersion): FileDetails {
  const { fileType, mime, size, image, embeddedMetadata } = version.facts
  const url = versionUrl(origin, file, version)
  const isCurrent = version === file.versions.at(-1)
  // ImageKit documents `createdAt` of a file as the time of its first upload. An older version has its own time.
  const createdAt = isCurrent ? createdAtOf(file) : version.createdAt
  return {
    fileId: file.fileId,
    type: isCurrent ? 'file' : 'file-version',
    name: file.name,
    filePath: file.filePath,
    tags: version.tags,
    AITags: version.aiTags,
    versionInfo: versionInfo(version),
    isPrivateFile: version.isPrivateFile,
    isPublished: version.isPublished,
    customCoordinates: version.customCoordinates,
    url,
    ...(fileType === 'image' && { thumbnail: `${url}&tr=${THUMBNAIL}` }),
    fileType,
    mime,
    ...(image !== null && { width: image.width, height: image.height }),
    size,
    ...(image !== null && { hasAlpha: image.hasAlpha }),
    customMetadata: version.customMetadata,
    ...(Object.keys(embeddedMetadata).length > 0 && { embeddedMetadata }),
    ...(version.description !== null && { description: version.description }),
    createdAt,
    updatedAt: version.updatedAt,
  }
}

export function versionInfo(version: FileVersion): { id: string; name: string } {
  return { id: version.versionId, name: `Version ${version.number}` }
}

/** ImageKit's transformation for the thumbnails of its media library. */
export const THUMBNAIL = 'n-ik_ml_thumbnail'

/** The URL of a file in an upload response: without a query. */
export function plainUrl(origin: string, filePath: string): string {
  return origin + encodeURI(filePath)
}

/** The URL of a version in file details: with `updatedAt`, and with the version id if it is an older version. */
function versionUrl(origin: string, file: LibraryFile, version: FileVersion): string {
  const query = new URLSearchParams()
  if (version !== file.versions.at(-1)) query.set('ik-obj-version', version.versionId)
  query.set('updatedAt', String(Date.parse(version.updatedAt)))
  return `${plainUrl(origin, file.filePath)}?${query.toString()}`
}
