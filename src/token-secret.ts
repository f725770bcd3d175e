import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Reads the token secret from the file at `path`, and generates it the first time. For development, where no secret is configured: the
 * file keeps webhook and status URLs valid across restarts. Only the file's owner can read it, unless its mode can't be changed.
 */
export function loadOrCreateTokenSecret(path: string): string {
  mkdirSync(dirname(path), { recursive: true })
  try {
    writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, {
      mode: 0o600,
      // A process that was killed before writing leaves an empty file. No token was signed with it, so it can be overwritten.
      flag: isEmpty(path) ? 'w' : 'wx',
      // If a power failure lost the secret, all existing webhook and status URLs would become invalid.
      flush: true,
    })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  makePrivate(path)
  const secret = readFileSync(path, 'utf8').trim()
  // Configured secrets need 16 characters, too.
  if (secret.length < 16) throw new Error(`${path} does not contain a secret; remove the file`)
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

/** Others may be able to read a file that was copied to this path. If its mode can't be changed, the file is used as it is. */
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
