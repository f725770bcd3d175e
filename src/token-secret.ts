import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Reads the token secret of a development service from `path`, and generates it the first time. The file is readable by its
 * owner only, and keeps webhook URLs valid across restarts.
 */
export function loadOrCreateTokenSecret(path: string): string {
  mkdirSync(dirname(path), { recursive: true })
  try {
    writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, {
      mode: 0o600,
      // A process that was killed before writing leaves an empty file. No token was signed with it, so it can be overwritten.
      flag: isEmpty(path) ? 'w' : 'wx',
      // If a power failure lost the secret, all existing webhook URLs would become invalid.
      flush: true,
    })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  makePrivate(path)
  const secret = readFileSync(path, 'utf8').trim()
  if (secret.length < 16) throw new Error(`${path} does not contain a secret; remove it`)
  return secret
}

/** The secret that a service has stored in `path`; undefined if there is none. */
export function readTokenSecret(path: string): string | undefined {
  try {
    const secret = readFileSync(path, 'utf8').trim()
    return secret === '' ? undefined : secret
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** A file that was copied there may be readable by others. If its mode can't be changed, it is used as it is. */
function makePrivate(path: string): void {
  if ((statSync(path).mode & 0o077) === 0) return
  try {
    chmodSync(path, 0o600)
  } catch {
    // The file belongs to another user, or the disk is read-only.
  }
}

function isEmpty(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.size === 0
}
