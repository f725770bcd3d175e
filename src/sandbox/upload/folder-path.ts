import { badRequest } from '../api-error.ts'

const DEEPEST = 50

/** `//a b/c/` → `/a_b/c/`: always with a slash at both ends, at most 50 levels (ImageKit, `folder`). */
export function normalizeFolder(folder: string): string {
  const levels = folder
    .split('/')
    .map((level) => level.trim())
    .filter((level) => level !== '' && level !== '.')
    .map((level) => (level === '..' ? '__' : level.replaceAll(/[^\p{L}\p{M}\p{N}._-]/gu, '_')))
  if (levels.length > DEEPEST) {
    throw badRequest(
      `Your request contains invalid folder parameter. A folder can be nested ${DEEPEST} levels deep.`,
    )
  }
  return levels.length === 0 ? '/' : `/${levels.join('/')}/`
}
