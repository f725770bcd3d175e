import { Hono } from 'hono'
import type { PrivateKey } from '../auth/private-key.ts'
import type { Library } from '../library/library.ts'
import { fileDetails, versionDetails } from '../wire/file-details.ts'
import { objectIdParam, requireKey } from './json-request.ts'

type Dependencies = { library: Library; privateKey: PrivateKey; origin: () => string }

/** The versions of a file: list, get, delete and restore. */
export function versionRoutes({ library, privateKey, origin }: Dependencies): Hono {
  const authenticate = requireKey(privateKey)
  const { versions } = library
  return new Hono()
    .get('/v1/files/:fileId/versions', authenticate, (c) => {
      const file = library.getFile(objectIdParam(c, 'fileId'))
      return c.json(file.versions.toReversed().map((version) => versionDetails(origin(), file, version)))
    })
    .get('/v1/files/:fileId/versions/:versionId', authenticate, (c) => {
      const { file, version } = versions.getVersion(objectIdParam(c, 'fileId'), objectIdParam(c, 'versionId'))
      return c.json(versionDetails(origin(), file, version))
    })
    .delete('/v1/files/:fileId/versions/:versionId', authenticate, async (c) => {
      await versions.remove(objectIdParam(c, 'fileId'), objectIdParam(c, 'versionId'))
      return c.body(null, 204)
    })
    .put('/v1/files/:fileId/versions/:versionId/restore', authenticate, async (c) => {
      const file = await versions.restore(objectIdParam(c, 'fileId'), objectIdParam(c, 'versionId'))
      return c.json(fileDetails(origin(), file))
    })
}
