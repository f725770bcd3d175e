import { randomBytes } from 'node:crypto'
import { badRequest } from '../api-error.ts'

/** Keeps Unicode letters, marks and numerals, `.`, `-` and `_`; replaces other characters by `_`, as ImageKit does in `fileName`. */
export function sanitizeFileName(name: string): string {
  const sanitized = name.replaceAll(/[^\p{L}\p{M}\p{N}._-]/gu, '_')
  // `.` and `..` are folders.
  return /^\.+$/.test(sanitized) ? sanitized.replaceAll('.', '_') : sanitized
}

/** `cat.jpg` → `cat_k3x9Zq1Lw.jpg`, in the form of ImageKit's unique names. */
export function withUniqueSuffix(name: string): string {
  const suffix = randomBytes(12).toString('base64url').replaceAll('-', 'x').slice(0, 9)
  const dot = name.lastIndexOf('.')
  return dot <= 0 ? `${name}_${suffix}` : `${name.slice(0, dot)}_${suffix}${name.slice(dot)}`
}

const MAX_DEPTH = 50

/**
 * `//a b/c/` → `/a_b/c/`, as ImageKit does with `folder`: a slash at both ends, and characters replaced as in file names. Throws
 * if there are more than 50 levels.
 */
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
