import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type LibraryFile, libraryFileSchema } from './library-file.ts'

export type DiskStorage = ReturnType<typeof createDiskStorage>

/**
 * `DIRECTORY/files/FILE_ID/` contains `file.json` and one file of bytes per version. `DIRECTORY/NAME.json` is a document, such as the
 * list of created folders. `DIRECTORY/spool/` contains uploads in progress and other temporary files. Every change takes effect by a rename, so that a crash leaves the old state or the new one.
 */
export function createDiskStorage(directory: string) {
  const filesDirectory = join(directory, 'files')
  const spoolDirectory = join(directory, 'spool')
  const bytesPath = (fileId: string, versionId: string) => join(filesDirectory, fileId, versionId)

  async function saveJson(path: string, value: unknown): Promise<void> {
    const temporary = join(spoolDirectory, randomUUID())
    await writeFile(temporary, JSON.stringify(value, null, 2))
    await rename(temporary, path)
  }

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

    saveFile: (file: LibraryFile) => saveJson(join(filesDirectory, file.fileId, 'file.json'), file),

    /** Undefined if the document was never saved. */
    readDocument: (name: string) => readJson(join(directory, `${name}.json`)),

    saveDocument: (name: string, value: unknown) => saveJson(join(directory, `${name}.json`), value),

    /** Copies the bytes of a version to a new temporary file. Returns its path. */
    async copyToSpool(fileId: string, versionId: string): Promise<string> {
      const spoolPath = join(spoolDirectory, randomUUID())
      await copyFile(bytesPath(fileId, versionId), spoolPath)
      return spoolPath
    },

    /** Moves the bytes at `spoolPath` to the path of the version. */
    async adoptBytes(spoolPath: string, fileId: string, versionId: string): Promise<void> {
      await mkdir(join(filesDirectory, fileId), { recursive: true })
      await rename(spoolPath, bytesPath(fileId, versionId))
    },

    async deleteBytes(fileId: string, versionId: string): Promise<void> {
      await rm(bytesPath(fileId, versionId), { force: true })
    },

    async deleteFile(fileId: string): Promise<void> {
      const trash = join(spoolDirectory, randomUUID())
      await rename(join(filesDirectory, fileId), trash)
      await rm(trash, { recursive: true, force: true })
    },
  }
}

async function readLibraryFile(directory: string): Promise<LibraryFile | undefined> {
  // Bytes without file.json are an upload that a crash interrupted.
  return libraryFileSchema.optional().parse(await readJson(join(directory, 'file.json')))
}

/** The parsed content of a JSON file; undefined if there is no such file. */
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
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
