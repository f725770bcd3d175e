import { badRequest } from '../api-error.ts'

const MAX_DEPTH = 50

/** `//a b/c/` → `/a_b/c/`: a slash at both ends, at most 50 levels (ImageKit, `folder`). */
export function normalizeFolder(folder: string): string {
  const levels = folder
    .split('/')
    .map((level) => level.trim())
    .filter((level) => level !== '' && level !== '.')
    .map((level) => (level === '..' ? '__' : level.replaceAll(/[^\p{L}\p{M}\p{N}._-]/gu, '_')))
  if (levels.length > MAX_DEPTH) {
    throw badRequest(
      `Your request contains invalid folder parameter. A folder can be nested ${MAX_DEPTH} levels deep.`,
    )
  }
  return levels.length === 0 ? '/' : `/${levels.join('/')}/`
}
