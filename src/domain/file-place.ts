/** A path of the media library: that of a file, or that of a folder with everything in it. */
export type FilePlace = { path: string; isFolder: boolean }

/** The place with one slash before each name, as in `/a/b.jpg` and `/a`. */
export function placeOf(names: readonly string[], isFolder: boolean): FilePlace {
  const path = names
    .flatMap((name) => name.split('/'))
    .filter((name) => name !== '')
    .map((name) => `/${name}`)
    .join('')
  return { path, isFolder }
}

/**
 * Whether the file with this URL may be at the place. The path of the file is the end of the URL's path: what precedes it depends on
 * the URL endpoint, so that a file in another folder of the same name counts, too.
 */
export function mayBeAt(url: string, { path, isFolder }: FilePlace): boolean {
  const pathname = decode(new URL(url).pathname)
  return isFolder ? pathname.includes(`${path}/`) : pathname.endsWith(path)
}

function decode(pathname: string): string {
  try {
    return decodeURIComponent(pathname)
  } catch {
    return pathname
  }
}
