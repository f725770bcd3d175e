import { randomBytes } from 'node:crypto'

/** Keeps Unicode letters, marks and numerals, `.`, `-` and `_`; replaces other characters by `_` (ImageKit, `fileName`). */
export function sanitizeFileName(name: string): string {
  const sanitized = name.replaceAll(/[^\p{L}\p{M}\p{N}._-]/gu, '_')
  return /^\.+$/.test(sanitized) ? sanitized.replaceAll('.', '_') : sanitized
}

/** `cat.jpg` → `cat_k3x9Zq1Lw.jpg`, in the form of ImageKit's unique names. */
export function withUniqueSuffix(name: string): string {
  const suffix = randomBytes(12).toString('base64url').replaceAll('-', 'x').slice(0, 9)
  const dot = name.lastIndexOf('.')
  return dot <= 0 ? `${name}_${suffix}` : `${name.slice(0, dot)}_${suffix}${name.slice(dot)}`
}
