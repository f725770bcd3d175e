import type { FileVersion } from '../library/file-version.ts'
import type { LibraryFile } from '../library/library-file.ts'

export const THUMBNAIL = 'n-ik_ml_thumbnail'

/** The URL of a file in an upload response: without a query. */
export function plainUrl(origin: string, filePath: string): string {
  return origin + encodeURI(filePath)
}

/** The URL of a version in file details: with `updatedAt`, and with the version id if it is an older version. */
export function versionUrl(origin: string, file: LibraryFile, version: FileVersion): string {
  const query = new URLSearchParams()
  if (version !== file.versions.at(-1)) query.set('ik-obj-version', version.versionId)
  query.set('updatedAt', String(Date.parse(version.updatedAt)))
  return `${plainUrl(origin, file.filePath)}?${query.toString()}`
}
