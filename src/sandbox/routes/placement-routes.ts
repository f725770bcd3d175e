import { Hono } from 'hono'
import { z } from 'zod'
import { badRequest } from '../api-error.ts'
import type { PrivateKey } from '../auth/private-key.ts'
import type { Library } from '../library/library.ts'
import { newObjectId } from '../library/library-file.ts'
import { readBody, requiredText, requireKey } from './json-request.ts'

const copySchema = z.object({
  sourceFilePath: requiredText,
  destinationPath: requiredText,
  includeFileVersions: z.boolean().default(false),
})
const moveSchema = z.object({ sourceFilePath: requiredText, destinationPath: requiredText })
const renameSchema = z.object({
  filePath: requiredText,
  newFileName: requiredText,
  purgeCache: z.boolean().default(false),
})
const purgeSchema = z.object({ url: requiredText })

/** Copies, moves and renames files, and accepts requests to purge caches: the sandbox has none, so they are completed at once. */
export function placementRoutes({ library, privateKey }: { library: Library; privateKey: PrivateKey }): Hono {
  const authenticate = requireKey(privateKey)
  const purges = new Set<string>()
  const startPurge = (): string => {
    const requestId = newObjectId()
    purges.add(requestId)
    return requestId
  }
  return new Hono()
    .post('/v1/files/copy', authenticate, async (c) => {
      const { sourceFilePath, destinationPath, includeFileVersions } = await readBody(c, copySchema)
      await library.moves.copyFile(sourceFilePath, destinationPath, includeFileVersions)
      return c.body(null, 204)
    })
    .post('/v1/files/move', authenticate, async (c) => {
      const { sourceFilePath, destinationPath } = await readBody(c, moveSchema)
      await library.moves.moveFile(sourceFilePath, destinationPath)
      return c.body(null, 204)
    })
    .put('/v1/files/rename', authenticate, async (c) => {
      const { filePath, newFileName, purgeCache } = await readBody(c, renameSchema)
      await library.moves.renameFile(filePath, newFileName)
      return c.json(purgeCache ? { purgeRequestId: startPurge() } : {})
    })
    .post('/v1/files/purge', authenticate, async (c) => {
      const { url } = await readBody(c, purgeSchema)
      if (!URL.canParse(url)) throw badRequest('The URL is not valid for cache purging.')
      return c.json({ requestId: startPurge() }, 201)
    })
    .get('/v1/files/purge/:requestId', authenticate, (c) => {
      if (!purges.has(c.req.param('requestId'))) throw badRequest('No request found for this requestId.')
      return c.json({ status: 'Completed' })
    })
}
