import { createHash } from 'node:crypto'
import type { DatabaseAddress } from '../domain/database-address.ts'
import type { VariableName } from './documented-variables.ts'
import type { Variables } from './variables.ts'

/** A key that authenticates requests. Logs and records show only its name. */
export type AccessKey = { name: string; secret: string }

const MIN_SECRET_LENGTH = 16

/** Matches the placeholders for secrets in `.env.example` and the docs. They are public, so they must not be used. */
const PLACEHOLDER = /\.\.\.|…|change[-_ ]?me|x{5}/i

/** Describes the problem of a secret that is a placeholder, without quoting the secret; undefined for any other secret. */
export function placeholderProblem(secret: string): string | undefined {
  return PLACEHOLDER.test(secret) ? 'is a placeholder; replace it with your own secret' : undefined
}

/** Describes what is wrong with a secret, without quoting it; undefined if it can be used. */
function secretProblem(secret: string): string | undefined {
  const isShort = secret.length < MIN_SECRET_LENGTH
  return (
    placeholderProblem(secret) ?? (isShort ? `is shorter than ${MIN_SECRET_LENGTH} characters` : undefined)
  )
}

/** Reads a comma-separated list of `secret` or `name:secret`. The problems never quote a secret. */
export function parseAccessKeys(text: string): { keys: AccessKey[]; problems: string[] } {
  const keys: AccessKey[] = []
  const problems: string[] = []
  for (const [index, entry] of text.split(',').entries()) {
    const position = index + 1
    const [first = '', second, ...rest] = entry.trim().split(':')
    const secret = second ?? first
    const problem = secretProblem(secret)
    const name = second === undefined ? nameFromSecret(secret) : first
    if (rest.length > 0) problems.push(`key ${position}: a secret must not contain ":"`)
    else if (!/^[\w.-]{1,64}$/.test(name))
      problems.push(`key ${position}: a name must be 1 to 64 letters, digits, "_", "." or "-"`)
    else if (problem !== undefined) problems.push(`key ${position}: the secret ${problem}`)
    else if (keys.some((key) => key.secret === secret))
      problems.push(`key ${position}: the secret is given twice`)
    else if (keys.some((key) => key.name === name))
      problems.push(`key ${position}: the name "${name}" is given twice`)
    else keys.push({ name, secret })
  }
  return { keys, problems }
}

/**
 * Names a key by a hash of its secret. Its position in the list can't be its name: when a key is inserted or replaced, the
 * name would pass to another key, and with it the responses stored for idempotency keys and the audit entries. 32 bits are
 * enough to distinguish a few keys, but too few to confirm a guessed secret, because many secrets share them.
 */
function nameFromSecret(secret: string): string {
  const digest = createHash('sha256').update(`extension-tracker key name\0${secret}`).digest('hex')
  return `key-${digest.slice(0, 8)}`
}

/**
 * Reads the keys and token secrets. `isLocal`: HOST and PUBLIC_URL are loopback, so the keys are optional and, with SQLite, so is
 * the token secret.
 */
export function parseSecrets(
  variables: Variables,
  { isLocal, database }: { isLocal: boolean; database: DatabaseAddress },
): { apiKeys: AccessKey[]; adminKeys: AccessKey[]; tokenSecrets: string[] | null; loopbackOnly: boolean } {
  const apiKeys = parseKeys(variables, 'TRACKER_API_KEY', isLocal)
  const adminKeys = parseKeys(variables, 'TRACKER_ADMIN_KEY', isLocal)
  const shared = apiKeys.find((key) => adminKeys.some((admin) => admin.secret === key.secret))
  if (shared)
    variables.addProblem(
      'TRACKER_ADMIN_KEY',
      `has the same secret as the API key "${shared.name}"; use different secrets`,
    )
  const tokenSecrets = parseSecretList(variables, 'TRACKER_TOKEN_SECRET')
  if (tokenSecrets.length === 0 && database.kind === 'postgres')
    variables.addProblem(
      'TRACKER_TOKEN_SECRET',
      'is required with PostgreSQL: every process needs the same one',
    )
  else if (tokenSecrets.length === 0 && !isLocal)
    variables.addProblem('TRACKER_TOKEN_SECRET', REQUIRED_OFF_LOOPBACK)
  return {
    apiKeys,
    adminKeys,
    tokenSecrets: tokenSecrets.length === 0 ? null : tokenSecrets,
    loopbackOnly: apiKeys.length === 0 || adminKeys.length === 0,
  }
}

/** Reads a comma-separated list of secrets. */
export function parseSecretList(variables: Variables, name: VariableName): string[] {
  const secrets = variables.list(name)
  for (const [index, secret] of secrets.entries()) {
    const problem = secretProblem(secret)
    if (problem !== undefined) variables.addProblem(name, `secret ${index + 1} ${problem}`)
  }
  return secrets
}

const REQUIRED_OFF_LOOPBACK = 'is required unless HOST and PUBLIC_URL are both loopback'

function parseKeys(variables: Variables, name: VariableName, isLocal: boolean): AccessKey[] {
  const text = variables.text(name)
  if (text === undefined) {
    if (!isLocal) variables.addProblem(name, REQUIRED_OFF_LOOPBACK)
    return []
  }
  const { keys, problems } = parseAccessKeys(text)
  for (const problem of problems) variables.addProblem(name, problem)
  return keys
}
