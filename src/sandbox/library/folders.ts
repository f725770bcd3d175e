import { createHash } from 'node:crypto'
import type { LibraryFile } from './library-file.ts'

export type FolderDetails = {
  folderId: string
  type: 'folder'
  name: string
  folderPath: string
  createdAt: string
  updatedAt: string
}

/** The folders of files, parent folders included. A folder without files does not exist. */
export function foldersOf(files: readonly LibraryFile[]): FolderDetails[] {
  const folders = new Map<string, FolderDetails>()
  for (const file of files) {
    const createdAt = file.versions[0]?.createdAt ?? ''
    for (const folderPath of foldersAbove(file.filePath)) {
      if (folders.has(folderPath)) continue
      const name = folderPath.slice(folderPath.lastIndexOf('/') + 1)
      folders.set(folderPath, {
        folderId: createHash('sha256').update(folderPath).digest('hex').slice(0, 24),
        type: 'folder',
        name,
        folderPath,
        createdAt,
        updatedAt: createdAt,
      })
    }
  }
  return [...folders.values()]
}

/** `/a/b/c.jpg` → `/a`, `/a/b`. */
function foldersAbove(filePath: string): string[] {
  const levels = filePath.split('/').slice(1, -1)
  return levels.map((_level, index) => `/${levels.slice(0, index + 1).join('/')}`)
}
