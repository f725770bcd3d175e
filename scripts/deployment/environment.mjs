import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { parseConfig } from '../../dist/config.js'

/** Values for the secrets that a user has to set. */
export const SECRETS = {
  IMAGEKIT_PRIVATE_KEY: 'private_of_this_check',
  TRACKER_API_KEY: 'app:0123456789abcdef',
  TRACKER_ADMIN_KEY: 'operator:fedcba9876543210',
  TRACKER_TOKEN_SECRET: 'abcdefghijklmnopqrstuvwxyz',
  DATABASE_URL: 'postgres://tracker:password@postgres:5432/tracker',
}

/** Read by Node and its packages, not by `serve`. */
const GENERAL = ['NODE_ENV']

/** Throws unless `serve` accepts the environment, reads all of it, and warns about none of it. `readText` is for `NAME_FILE`. */
export function checkEnvironment(title, env, readText = () => '') {
  const read = new Set(GENERAL)
  const recording = new Proxy(env, {
    get(target, name) {
      read.add(name)
      return target[name]
    },
  })
  let config
  try {
    config = parseConfig(recording, readText)
  } catch (error) {
    throw new Error(`${title}: ${error.message}`)
  }
  const unknown = Object.keys(env).filter((name) => !read.has(name))
  if (unknown.length > 0) throw new Error(`${title}: serve reads no variable ${unknown.join(', ')}`)
  const warnings = config.warnings.filter(
    (warning) => !warning.startsWith('TRACKER_WEBHOOK_SECRET is not set'),
  )
  if (warnings.length > 0) throw new Error(`${title}: ${warnings.join('; ')}`)
}

/** Throws if a copy of .env.example, as in `docker run --env-file .env`, would override a variable of the image. */
export function checkEnvFile(image) {
  const names = Object.keys(parseEnv(readFileSync('.env.example', 'utf8'))).filter(
    (name) => name in image.env,
  )
  if (names.length > 0)
    throw new Error(`.env.example: sets ${names.join(', ')}, which the image has its own value for`)
}
