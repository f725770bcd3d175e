import { badRequest } from '../api-error.ts'
import { normalizeFolder } from '../library/file-path.ts'
import type { FolderDetails } from '../library/folders.ts'
import { createdAtOf, currentVersion, type LibraryFile } from '../library/library-file.ts'
import { type FileDetails, fileDetails, versionDetails } from '../wire/file-details.ts'
import { parseSearchQuery } from './search-query.ts'

const MAX_LIMIT = 1000
const TYPES = ['file', 'file-version', 'folder', 'all'] as const

/** The response to `GET /v1/files`. If there is a `searchQuery`, ignores `tags`, `type` and `name`, as ImageKit does. */
export function listFiles(
  files: readonly LibraryFile[],
  query: Record<string, string>,
  origin: string,
  listFolders: (files: readonly LibraryFile[]) => FolderDetails[],
): (FileDetails | FolderDetails)[] {
  const { searchQuery, sort = 'ASC_CREATED' } = query
  const type = searchQuery === undefined ? parseType(query['type']) : 'file'
  const { skip, limit } = parsePage(query)
  const matches = searchQuery === undefined ? nameAndTagFilter(query) : parseSearchQuery(searchQuery)
  const matchingFiles = files.filter(matches).filter(locationFilter(query)).toSorted(parseSortOrder(sort))
  const rows = {
    file: () => matchingFiles.map((file) => fileDetails(origin, file)),
    // Only the older versions: `file` lists the current one.
    'file-version': () =>
      matchingFiles.flatMap((file) =>
        file.versions.slice(0, -1).map((version) => versionDetails(origin, file, version)),
      ),
    folder: () => listFolders(files).filter(folderFilter(query)),
    all: () => [
      ...listFolders(files).filter(folderFilter(query)),
      ...matchingFiles.map((file) => fileDetails(origin, file)),
    ],
  }[type]()
  return rows.slice(skip, skip + limit)
}

function parseType(text = 'file'): (typeof TYPES)[number] {
  const type = TYPES.find((known) => known === text)
  if (type !== undefined) return type
  throw badRequest(
    `Your request contains invalid value for type parameter. Please provide one of the following: ${TYPES.join(', ')}.`,
  )
}

function parsePage({ skip: skipText = '0', limit: limitText = String(MAX_LIMIT) }: Record<string, string>) {
  const [skip, limit] = [Number(skipText), Number(limitText)]
  if (!Number.isInteger(skip) || skip < 0) {
    throw badRequest(
      `The value of skip parameter should be greater than or equal to 0. Value sent is ${skipText}.`,
    )
  }
  if (!Number.isInteger(limit) || limit < 1) {
    throw badRequest(`Minimum value of limit parameter is 1. Value sent is ${limitText}.`)
  }
  if (limit > MAX_LIMIT)
    throw badRequest(`Maximum value of limit parameter is ${MAX_LIMIT}. Value sent is ${limitText}.`)
  return { skip, limit }
}

function nameAndTagFilter({ name, tags }: Record<string, string>): (file: LibraryFile) => boolean {
  const anyOf = tags === undefined ? undefined : new Set(tags.split(','))
  return (file) =>
    (name === undefined || file.name === name) &&
    (anyOf === undefined || (currentVersion(file).tags ?? []).some((tag) => anyOf.has(tag)))
}

function locationFilter({ path, fileType = 'all' }: Record<string, string>): (file: LibraryFile) => boolean {
  const folder = path === undefined ? undefined : normalizeFolder(path)
  return (file) =>
    (folder === undefined || file.filePath === folder + file.name) &&
    (fileType === 'all' || currentVersion(file).facts.fileType === fileType)
}

/** With `path`, only the folders directly inside of it. Folders have no tags. */
function folderFilter({ name, path, tags }: Record<string, string>): (folder: FolderDetails) => boolean {
  const parent = path === undefined ? undefined : normalizeFolder(path)
  return (folder) =>
    tags === undefined &&
    (name === undefined || folder.name === name) &&
    (parent === undefined || folder.folderPath === parent + folder.name)
}

type SortKey = (file: LibraryFile) => string | number

const SORT_KEYS: ReadonlyMap<string, SortKey> = new Map<string, SortKey>([
  ['NAME', (file) => file.name],
  ['CREATED', (file) => createdAtOf(file)],
  ['UPDATED', (file) => currentVersion(file).updatedAt],
  ['HEIGHT', (file) => currentVersion(file).facts.image?.height ?? 0],
  ['WIDTH', (file) => currentVersion(file).facts.image?.width ?? 0],
  ['SIZE', (file) => currentVersion(file).facts.size],
  // The sandbox does not rank matches: all of them are equally relevant.
  ['RELEVANCE', () => 0],
])

/** Parses a sort order such as `ASC_CREATED` into a comparison function. */
function parseSortOrder(text: string): (a: LibraryFile, b: LibraryFile) => number {
  const [, direction, name = ''] = /^(ASC|DESC)_([A-Z]+)$/.exec(text) ?? []
  const key = SORT_KEYS.get(name)
  if (key === undefined) throw badRequest('Your request contains invalid value for sort parameters.')
  const sign = direction === 'DESC' ? -1 : 1
  return (a, b) => {
    const [left, right] = [key(a), key(b)]
    if (left === right) return 0
    return left < right ? -sign : sign
  }
}
