import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

export type PartFile = { path: string; bytes: number; remove(): Promise<void> }

/** Writes `chunks` to a temporary file beside `file`, readable by its owner only, and syncs it. Removes it if that fails. */
export async function writePart(file: string, chunks: AsyncIterable<Uint8Array>): Promise<PartFile> {
  const path = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}.part`)
  const remove = () => rm(path, { force: true })
  const handle = await open(path, 'wx', 0o600)
  try {
    const bytes = await writeAll(handle, chunks)
    await handle.sync()
    return { path, bytes, remove }
  } catch (error) {
    await remove()
    throw error
  } finally {
    await handle.close()
  }
}

async function writeAll(handle: FileHandle, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0
  for await (const chunk of chunks) {
    await handle.writeFile(chunk)
    bytes += chunk.byteLength
  }
  return bytes
}

/** A new file name is durable only once its folder is synced. Some systems can't open folders; there it does nothing. */
export async function syncFolder(file: string): Promise<void> {
  const folder = await open(dirname(file)).catch(() => undefined)
  try {
    await folder?.sync()
  } finally {
    await folder?.close()
  }
}
