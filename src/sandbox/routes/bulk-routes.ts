import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { ApiError, badRequest } from '../api-error.ts'
import type { PrivateKey } from '../auth/private-key.ts'
import type { Library } from '../library/library.ts'
import { currentVersion, type FileVersion } from '../library/library-file.ts'
import { checkTags } from '../parameters/shared-parameters.ts'
import { readBody, requireKey } from './json-request.ts'

const idsSchema = z.object({ fileIds: z.array(z.string()) })
const tagsSchema = idsSchema.extend({ tags: z.array(z.string()) })
const aiTagsSchema = idsSchema.extend({ AITags: z.array(z.string()) })

const MAX_UPDATED = 50
const MAX_DELETED = 100

/** Changes of many files at once: their tags and AI tags, and their deletion. If a file is missing, none is changed. */
export function bulkRoutes({ library, privateKey }: { library: Library; privateKey: PrivateKey }): Hono {
  const authenticate = requireKey(privateKey)

  function checkFileIds(fileIds: readonly string[]): void {
    if (fileIds.length === 0) throw badRequest('fileIds is empty.')
    const missingFileIds = fileIds.filter((fileId) => library.findFile(fileId) === undefined)
    if (missingFileIds.length > 0)
      throw new ApiError(404, 'The requested file(s) does not exist.', { missingFileIds })
  }

  async function updateAll(
    c: Context,
    { fileIds, names, parameter }: { fileIds: string[]; names: string[]; parameter: 'tags' | 'AITags' },
    change: (version: FileVersion) => Partial<FileVersion>,
  ) {
    if (fileIds.length > MAX_UPDATED)
      throw badRequest(`A maximum of ${MAX_UPDATED} files can be edited at a time.`)
    if (names.length === 0) throw badRequest(`${parameter} array cannot be empty.`)
    checkFileIds(fileIds)
    for (const fileId of fileIds) await library.update(fileId, (file) => change(currentVersion(file)))
    return c.json({ successfullyUpdatedFileIds: fileIds })
  }

  return new Hono()
    .post('/v1/files/addTags', authenticate, async (c) => {
      const { fileIds, tags } = await readBody(c, tagsSchema)
      checkTags(tags)
      return updateAll(c, { fileIds, names: tags, parameter: 'tags' }, (version) => ({
        tags: [...new Set([...(version.tags ?? []), ...tags])],
      }))
    })
    .post('/v1/files/removeTags', authenticate, async (c) => {
      const { fileIds, tags } = await readBody(c, tagsSchema)
      return updateAll(c, { fileIds, names: tags, parameter: 'tags' }, (version) => ({
        tags: orNull((version.tags ?? []).filter((tag) => !tags.includes(tag))),
      }))
    })
    .post('/v1/files/removeAITags', authenticate, async (c) => {
      const { fileIds, AITags: names } = await readBody(c, aiTagsSchema)
      return updateAll(c, { fileIds, names, parameter: 'AITags' }, (version) => ({
        aiTags: orNull((version.aiTags ?? []).filter(({ name }) => !names.includes(name))),
      }))
    })
    .post('/v1/files/batch/deleteByFileIds', authenticate, async (c) => {
      const { fileIds } = await readBody(c, idsSchema)
      if (fileIds.length > MAX_DELETED)
        throw badRequest(`fileIds cannot have more than ${MAX_DELETED} items.`)
      checkFileIds(fileIds)
      for (const fileId of new Set(fileIds)) await library.remove(fileId)
      return c.json({ successfullyDeletedFileIds: fileIds })
    })
}

function orNull<T>(items: T[]): T[] | null {
  return items.length === 0 ? null : items
}
