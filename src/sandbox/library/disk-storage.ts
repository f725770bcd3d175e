import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type LibraryFile, libraryFileSchema } from './library-file.ts'

export type DiskStorage = ReturnType<typeof createDiskStorage>

/**
 * `DIRECTORY/files/FILE_ID/` contains `file.json` and one file of bytes per version. `DIRECTORY/spool/` contains uploads in
 * progress and other temporary files. Every change takes effect by a rename, so that a crash leaves the old state or the new one.
 */
export function createDiskStorage(directory: string) {
  const filesDirectory = join(directory, 'files')
  const spoolDirectory = join(directory, 'spool')
  const bytesPath = (fileId: string, versionId: string) => join(filesDirectory, fileId, versionId)

  return {
    bytesPath,

    /** The path of a new temporary file, which does not exist yet. */
    spoolPath(): string {
      return join(spoolDirectory, randomUUID())
    },

    /** Empties the spool of a previous process and reads every file of the library. */
    async open(): Promise<LibraryFile[]> {
      await rm(spoolDirectory, { recursive: true, force: true })
      await mkdir(spoolDirectory, { recursive: true })
      await mkdir(filesDirectory, { recursive: true })
      const fileIds = await readdir(filesDirectory)
      const files = await Promise.all(fileIds.map((fileId) => readLibraryFile(join(filesDirectory, fileId))))
      return files.filter((file) => file !== undefined)
    },

    async saveFile(file: LibraryFile): Promise<void> {
      const temporary = join(spoolDirectory, randomUUID())
      await writeFile(temporary, JSON.stringify(file, null, 2))
      await rename(temporary, join(filesDirectory, file.fileId, 'file.json'))
    },

    /** Moves the bytes at `spoolPath` to the path of the version. */
    async adoptBytes(spoolPath: string, fileId: string, versionId: string): Promise<void> {
      await mkdir(join(filesDirectory, fileId), { recursive: true })
      await rename(spoolPath, bytesPath(fileId, versionId))
    },

    async deleteFile(fileId: string): Promise<void> {
      const trash = join(spoolDirectory, randomUUID())
      await rename(join(filesDirectory, fileId), trash)
      await rm(trash, { recursive: true, force: true })
    },
  }
}

async function readLibraryFile(directory: string): Promise<LibraryFile | undefined> {
  try {
    return libraryFileSchema.parse(JSON.parse(await readFile(join(directory, 'file.json'), 'utf8')))
  } catch (error) {
    // Bytes without file.json are an upload that a crash interrupted.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Reads at most the first `length` bytes of a file. */
export async function readHead(path: string, length: number): Promise<Buffer> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length) })
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
