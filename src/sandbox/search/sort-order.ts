import { badRequest } from '../api-error.ts'
import { currentVersion, type LibraryFile } from '../library/library-file.ts'

type Key = (file: LibraryFile) => string | number

const KEYS: ReadonlyMap<string, Key> = new Map<string, Key>([
  ['NAME', (file) => file.name],
  ['CREATED', (file) => file.versions[0]?.createdAt ?? ''],
  ['UPDATED', (file) => currentVersion(file).updatedAt],
  ['HEIGHT', (file) => currentVersion(file).facts.image?.height ?? 0],
  ['WIDTH', (file) => currentVersion(file).facts.image?.width ?? 0],
  ['SIZE', (file) => currentVersion(file).facts.size],
  // All matches of an exact search are equally relevant.
  ['RELEVANCE', () => 0],
])

/** Parses a sort order such as `ASC_CREATED` to a comparison function. */
export function parseSortOrder(text: string): (a: LibraryFile, b: LibraryFile) => number {
  const [, direction, name = ''] = /^(ASC|DESC)_([A-Z]+)$/.exec(text) ?? []
  const key = KEYS.get(name)
  if (key === undefined) throw badRequest('Your request contains invalid value for sort parameters.')
  const sign = direction === 'DESC' ? -1 : 1
  return (a, b) => {
    const [left, right] = [key(a), key(b)]
    if (left === right) return 0
    return left < right ? -sign : sign
  }
}
