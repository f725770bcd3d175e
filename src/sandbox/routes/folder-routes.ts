import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { ApiError } from '../api-error.ts'
import type { PrivateKey } from '../auth/private-key.ts'
import type { Library } from '../library/library.ts'
import { newObjectId } from '../library/library-file.ts'
import { readBody, requiredText, requireKey } from './json-request.ts'

const createSchema = z.object({ folderName: requiredText, parentFolderPath: requiredText })
const deleteSchema = z.object({ folderPath: requiredText })
const copySchema = z.object({
  sourceFolderPath: requiredText,
  destinationPath: requiredText,
  includeVersions: z.boolean().default(false),
})
const moveSchema = z.object({ sourceFolderPath: requiredText, destinationPath: requiredText })
const renameSchema = z.object({ folderPath: requiredText, newFolderName: requiredText })

type JobType = 'COPY_FOLDER' | 'MOVE_FOLDER' | 'RENAME_FOLDER'

/** Creates and deletes folders; copies, moves and renames them with jobs, which the sandbox completes before it responds. */
export function folderRoutes({ library, privateKey }: { library: Library; privateKey: PrivateKey }): Hono {
  const authenticate = requireKey(privateKey)
  const { folders } = library
  const jobs = new Map<string, JobType>()
  const completed = (c: Context, type: JobType, status: 200 | 202) => {
    const jobId = newObjectId()
    jobs.set(jobId, type)
    return c.json({ jobId }, status)
  }
  return new Hono()
    .post('/v1/folder', authenticate, async (c) => {
      const { folderName, parentFolderPath } = await readBody(c, createSchema)
      await folders.create(folderName, parentFolderPath)
      return c.json({}, 201)
    })
    .delete('/v1/folder', authenticate, async (c) => {
      const { folderPath } = await readBody(c, deleteSchema)
      await folders.remove(folderPath)
      return c.body(null, 204)
    })
    .post('/v1/bulkJobs/copyFolder', authenticate, async (c) => {
      const { sourceFolderPath, destinationPath, includeVersions } = await readBody(c, copySchema)
      await folders.copy(sourceFolderPath, destinationPath, includeVersions)
      return completed(c, 'COPY_FOLDER', 200)
    })
    .post('/v1/bulkJobs/moveFolder', authenticate, async (c) => {
      const { sourceFolderPath, destinationPath } = await readBody(c, moveSchema)
      await folders.move(sourceFolderPath, destinationPath)
      return completed(c, 'MOVE_FOLDER', 200)
    })
    .post('/v1/bulkJobs/renameFolder', authenticate, async (c) => {
      const { folderPath, newFolderName } = await readBody(c, renameSchema)
      await folders.rename(folderPath, newFolderName)
      return completed(c, 'RENAME_FOLDER', 202)
    })
    .get('/v1/bulkJobs/:jobId', authenticate, (c) => {
      const jobId = c.req.param('jobId')
      const type = jobs.get(jobId)
      if (type === undefined) throw new ApiError(404, 'The requested job does not exist.')
      return c.json({ jobId, type, status: 'Completed' })
    })
}
