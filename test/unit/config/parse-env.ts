import type { Environment } from '../../../src/config/variables.ts'
import { ConfigError, parseConfig } from '../../../src/config.ts'

export const KEY = 'a-secret-0123456789'
export const OTHER_KEY = 'other-secret-0123456789'
/** A valid `TRACKER_WEBHOOK_SECRET`. */
export const SIGNING_SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
/** The warning if `TRACKER_WEBHOOK_SECRET` is not set. */
export const UNSIGNED_WARNING = 'TRACKER_WEBHOOK_SECRET is not set: notifications to callers are not signed'
/** A valid environment for a service on loopback with SQLite: it has the only required variable. */
export const LOCAL: Environment = { IMAGEKIT_PRIVATE_KEY: 'private_x' }
/** A valid environment for a service that is not on loopback: it has every required variable. */
export const PUBLIC: Environment = {
  ...LOCAL,
  HOST: '0.0.0.0',
  PUBLIC_URL: 'https://tracker.example',
  TRACKER_API_KEY: KEY,
  TRACKER_ADMIN_KEY: OTHER_KEY,
  TRACKER_TOKEN_SECRET: 'token-secret-0123456789',
}

/** Parses an environment. `files`: the texts of the files that `NAME_FILE` variables name, by path. */
export const parse = (env: Environment, files: Record<string, string> = {}) =>
  parseConfig(env, (path) => {
    const text = files[path]
    if (text === undefined) throw new Error(`ENOENT: ${path}`)
    return text
  })

/** The problems of an environment; empty if it is valid. */
export function problemsOf(env: Environment, files?: Record<string, string>): readonly string[] {
  try {
    parse(env, files)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}
