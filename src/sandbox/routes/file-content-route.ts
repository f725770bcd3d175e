import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { Hono } from 'hono'
import { ApiError } from '../api-error.ts'
import type { DiskStorage } from '../library/disk-storage.ts'
import type { Library } from '../library/library.ts'
import { currentVersion } from '../library/library-file.ts'

/**
 * Serves files at their `url`; `?ik-obj-version=` selects an older version. A URL with a transformation (`tr:…` before the path or
 * `?tr=`), such as that of a thumbnail, returns the original.
 */
export function fileContentRoute({ library, storage }: { library: Library; storage: DiskStorage }): Hono {
  return new Hono().get('/*', (c) => {
    const file = library.findFileAt(decodePath(c.req.path).replace(/^\/tr:[^/]*/, ''))
    if (file === undefined) throw new ApiError(404, 'The requested resource does not exist.')
    const versionId = c.req.query('ik-obj-version')
    const version =
      file.versions.find((candidate) => candidate.versionId === versionId) ?? currentVersion(file)
    c.header('content-type', version.facts.mime)
    c.header('content-length', String(version.facts.size))
    // An unread stream would keep its file open.
    if (c.req.method === 'HEAD') return c.body(null)
    return c.body(Readable.toWeb(createReadStream(storage.bytesPath(file.fileId, version.versionId))))
  })
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
