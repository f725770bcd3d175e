import { z } from 'zod'
import { type FilePlace, placeOf } from '../domain/file-place.ts'
import type { ForwardedRoute } from './forwarded-routes.ts'

const deletionSchema = z.object({ folderPath: z.string() })
const fileSchema = z.object({ sourceFilePath: z.string(), destinationPath: z.string() })
const folderSchema = z.object({ sourceFolderPath: z.string(), destinationPath: z.string() })

/**
 * The place whose files a request deletes or overwrites: a deleted folder, or where a file or folder is copied or moved to. Null for
 * other requests, and if ImageKit will reject the body.
 */
export function readAffectedPlace(
  { deletes, overwrites }: Pick<ForwardedRoute, 'deletes' | 'overwrites'>,
  body: Buffer | null,
): FilePlace | null {
  const json = parse(body)
  if (deletes === 'folder') {
    const { data } = deletionSchema.safeParse(json)
    return data ? placeOf([data.folderPath], true) : null
  }
  if (overwrites === 'file') {
    const { data } = fileSchema.safeParse(json)
    return data ? placeOf([data.destinationPath, nameIn(data.sourceFilePath)], false) : null
  }
  if (overwrites === 'folder') {
    const { data } = folderSchema.safeParse(json)
    return data ? placeOf([data.destinationPath, nameIn(data.sourceFolderPath)], true) : null
  }
  return null
}

function nameIn(path: string): string {
  return path.split('/').findLast((name) => name !== '') ?? ''
}

function parse(body: Buffer | null): unknown {
  if (body === null) return undefined
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
