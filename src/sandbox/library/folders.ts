import { createHash } from 'node:crypto'
import { z } from 'zod'
import { ApiError, badRequest } from '../api-error.ts'
import type { DiskStorage } from './disk-storage.ts'
import type { FileIndex } from './file-index.ts'
import { normalizeFolder, sanitizeFileName } from './file-path.ts'
import { createdAtOf, type LibraryFile } from './library-file.ts'

export type FolderDetails = {
  folderId: string
  type: 'folder'
  name: string
  folderPath: string
  createdAt: string
  updatedAt: string
}

type Dependencies = {
  index: FileIndex
  storage: DiskStorage
  clock: () => Date
  runExclusive: <T>(work: () => Promise<T>) => Promise<T>
  copyTo: (source: LibraryFile, filePath: string, includeVersions: boolean) => Promise<void>
  moveTo: (source: LibraryFile, filePath: string) => Promise<void>
}

const DOCUMENT = 'folders'
const createdSchema = z.record(z.string(), z.string()).default({})

/**
 * The folders: those above a file, and those that were created. A path of a folder has a slash at both ends. `created` has the time
 * at which each folder was created.
 */
export function createFolders({ index, storage, clock, runExclusive, copyTo, moveTo }: Dependencies) {
  let created: Record<string, string> = {}

  async function save(changed: Record<string, string>): Promise<void> {
    await storage.saveDocument(DOCUMENT, changed)
    created = changed
  }

  const filesIn = (folder: string) => index.listFiles().filter(({ filePath }) => filePath.startsWith(folder))
  const createdIn = (folder: string) => Object.entries(created).filter(([path]) => path.startsWith(folder))
  const exists = (folder: string) =>
    folder === '/' || filesIn(folder).length > 0 || createdIn(folder).length > 0

  function checkSource(path: string, reason: string, message: (path: string) => string): string {
    const folder = normalizeFolder(path)
    if (folder === '/') throw badRequest('The root folder cannot be used here.', 'SOURCE_IS_ROOT')
    if (!exists(folder)) throw new ApiError(404, message(path), { reason })
    return folder
  }

  /** The path of the folder `source` inside of `destinationPath`. */
  function targetOf(source: string, destinationPath: string): string {
    const target = `${normalizeFolder(destinationPath)}${nameOf(source)}/`
    if (target === source)
      throw badRequest('sourceFolderPath and destinationPath is same', 'SAME_SOURCE_AND_DESTINATION')
    if (target.startsWith(source))
      throw badRequest(
        'This operation is not allowed because parent folder cannot be moved into child folder.',
        'INVALID_DESTINATION_PATH',
      )
    return target
  }

  async function moveAll(source: string, target: string): Promise<void> {
    for (const file of filesIn(source)) await moveTo(file, target + file.filePath.slice(source.length))
    const kept = Object.entries(created).filter(([path]) => !path.startsWith(source))
    const moved = createdIn(source).map(([path, at]) => [target + path.slice(source.length), at])
    await save(Object.fromEntries([...kept, ...moved]))
  }

  const missing = (what: string) => (path: string) => `No files & folder found at ${what} \`${path}\`.`

  return {
    async open(): Promise<void> {
      created = createdSchema.parse(await storage.readDocument(DOCUMENT))
    },

    /** The created folders, and those above these files. */
    list: (files: readonly LibraryFile[]) => describeFolders(files, created),

    create(folderName: string, parentFolderPath: string): Promise<void> {
      return runExclusive(async () => {
        if (/^\.{1,2}$/.test(folderName))
          throw badRequest("'.' & '..' can not be used as folder-name", 'INVALID_FOLDER_PATH')
        const folder = `${normalizeFolder(parentFolderPath)}${sanitizeFileName(folderName)}/`
        await save({ [folder]: clock().toISOString(), ...created })
      })
    },

    remove(folderPath: string): Promise<void> {
      return runExclusive(async () => {
        const message = (path: string) => `No folder found with folderPath \`${path}\`.`
        const folder = checkSource(folderPath, 'FOLDER_NOT_FOUND', message)
        for (const { fileId } of filesIn(folder)) await index.remove(fileId)
        await save(Object.fromEntries(Object.entries(created).filter(([path]) => !path.startsWith(folder))))
      })
    },

    copy(sourceFolderPath: string, destinationPath: string, includeVersions: boolean): Promise<void> {
      return runExclusive(async () => {
        const source = checkSource(sourceFolderPath, 'NO_FILES_FOLDER', missing('sourceFolderPath'))
        const target = targetOf(source, destinationPath)
        for (const file of filesIn(source))
          await copyTo(file, target + file.filePath.slice(source.length), includeVersions)
        const now = clock().toISOString()
        const copied = createdIn(source).map(([path]) => [target + path.slice(source.length), now])
        await save({ ...Object.fromEntries(copied), ...created })
      })
    },

    move(sourceFolderPath: string, destinationPath: string): Promise<void> {
      return runExclusive(async () => {
        const source = checkSource(sourceFolderPath, 'NO_FILES_FOLDER', missing('sourceFolderPath'))
        await moveAll(source, targetOf(source, destinationPath))
      })
    },

    rename(folderPath: string, newFolderName: string): Promise<void> {
      return runExclusive(async () => {
        const source = checkSource(folderPath, 'FOLDER_NOT_FOUND', () => 'Source folder not found.')
        const name = sanitizeFileName(newFolderName)
        const target = `${source.slice(0, -nameOf(source).length - 1)}${name}/`
        if (exists(target))
          throw new ApiError(409, `Folder with name ${name} already exists at the same location.`)
        await moveAll(source, target)
      })
    },
  }
}

function nameOf(folder: string): string {
  return folder.split('/').at(-2) ?? ''
}

function describeFolders(
  files: readonly LibraryFile[],
  created: Readonly<Record<string, string>>,
): FolderDetails[] {
  const times = new Map<string, string>()
  for (const file of files)
    for (const folder of foldersAbove(file.filePath))
      if (!times.has(folder)) times.set(folder, createdAtOf(file))
  for (const [path, at] of Object.entries(created))
    for (const folder of foldersAbove(path)) if (!times.has(folder)) times.set(folder, at)
  return [...times].map(([folderPath, createdAt]) => ({
    folderId: createHash('sha256').update(folderPath).digest('hex').slice(0, 24),
    type: 'folder',
    name: folderPath.slice(folderPath.lastIndexOf('/') + 1),
    folderPath,
    createdAt,
    updatedAt: createdAt,
  }))
}

/** `/a/b/c.jpg` or `/a/b/` → `/a`, `/a/b`. */
function foldersAbove(path: string): string[] {
  const levels = path.split('/').slice(1, -1)
  return levels.map((_level, index) => `/${levels.slice(0, index + 1).join('/')}`)
}
