import type { Environment } from '../../../src/config/variables.ts'
import { ConfigError, parseConfig } from '../../../src/config.ts'

export const KEY = 'a-secret-0123456789'
export const OTHER = 'other-secret-0123456789'
export const SIGNING = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
export const UNSIGNED = 'TRACKER_WEBHOOK_SECRET is not set: notifications to callers are not signed'
export const LOCAL: Environment = { IMAGEKIT_PRIVATE_KEY: 'private_x' }
export const PUBLIC: Environment = {
  ...LOCAL,
  HOST: '0.0.0.0',
  PUBLIC_URL: 'https://tracker.example',
  TRACKER_API_KEY: KEY,
  TRACKER_ADMIN_KEY: OTHER,
  TRACKER_TOKEN_SECRET: 'token-secret-0123456789',
}

export const parse = (env: Environment, files: Record<string, string> = {}) =>
  parseConfig(env, (path) => {
    const text = files[path]
    if (text === undefined) throw new Error(`ENOENT: ${path}`)
    return text
  })

export function problemsOf(env: Environment, files?: Record<string, string>): readonly string[] {
  try {
    parse(env, files)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}
