import type { FileVersion } from '../library/file-version.ts'
import type { LibraryFile } from '../library/library-file.ts'

export const THUMBNAIL = 'n-ik_ml_thumbnail'

/** Where a file is served, as an upload answers it: no query. */
export function plainUrl(origin: string, filePath: string): string {
  return origin + encodeURI(filePath)
}

/** Address of one version as file details show it: `updatedAt`, and for a former version which one it is. */
export function versionUrl(origin: string, file: LibraryFile, version: FileVersion): string {
  const query = new URLSearchParams()
  if (version !== file.versions.at(-1)) query.set('ik-obj-version', version.versionId)
  query.set('updatedAt', String(Date.parse(version.updatedAt)))
  return `${plainUrl(origin, file.filePath)}?${query.toString()}`
}
