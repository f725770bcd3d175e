import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * The token secret of a development service: made once and kept in `path`, readable by its owner alone, so that webhook
 * URLs stay valid across restarts.
 */
export function keepTokenSecret(path: string): string {
  mkdirSync(dirname(path), { recursive: true })
  try {
    writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, {
      mode: 0o600,
      // Killed before it had written anything, a process leaves it empty; nobody was ever told a token of it.
      flag: isEmpty(path) ? 'w' : 'wx',
      // Lost with the power, it would take all webhook URLs that are out with it.
      flush: true,
    })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  makePrivate(path)
  const secret = readFileSync(path, 'utf8').trim()
  if (secret.length < 16) throw new Error(`${path} holds no secret; remove it`)
  return secret
}

/** The secret that a service has kept there; undefined if it has not. */
export function readTokenSecret(path: string): string | undefined {
  try {
    const secret = readFileSync(path, 'utf8').trim()
    return secret === '' ? undefined : secret
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** A copy that was put there may be open to others. Where its mode can't be changed it is used as it is. */
function makePrivate(path: string): void {
  if ((statSync(path).mode & 0o077) === 0) return
  try {
    chmodSync(path, 0o600)
  } catch {
    // Another's file, or a disk that is read-only.
  }
}

function isEmpty(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.size === 0
}
