/** A path of the media library: that of a file, or that of a folder with everything in it. */
export type FilePlace = { path: string; isFolder: boolean }

/** The place with one slash before each name, as in `/a/b.jpg` and `/a`. */
export function placeOf(names: readonly string[], isFolder: boolean): FilePlace {
  const path = names
    .flatMap((name) => name.split('/'))
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== '.')
    .map((name) => `/${plain(name)}`)
    .join('')
  return { path, isFolder }
}

/** ImageKit replaces these characters in the names of files and folders, also in those of a request. So they are not compared. */
function plain(path: string): string {
  return path.replaceAll(/[^\p{L}\p{M}\p{N}._/-]/gu, '_')
}

/**
 * Whether the file with this URL may be at the place. The path of the file is the end of the URL's path: what precedes it depends on
 * the URL endpoint, so that a file in another folder of the same name counts, too.
 */
export function mayBeAt(url: string, { path, isFolder }: FilePlace): boolean {
  const pathname = plain(decode(new URL(url).pathname))
  return isFolder ? pathname.includes(`${path}/`) : pathname.endsWith(path)
}

/** Whether a file with this name may be at the place: null means that its name is not known. */
export function mayBeNamed(name: string | null, { path, isFolder }: FilePlace): boolean {
  return isFolder || name === null || path.endsWith(`/${plain(name)}`)
}

function decode(pathname: string): string {
  try {
    return decodeURIComponent(pathname)
  } catch {
    return pathname
  }
}
