import { createHash } from 'node:crypto'
import type { DatabaseAddress } from '../domain/database-address.ts'
import type { Variables } from './variables.ts'

/** A key that authenticates requests. Logs and records show its name only. */
export type AccessKey = { name: string; secret: string }

const MIN_SECRET_LENGTH = 16

/** The placeholders for secrets in `.env.example` and the docs, which are publicly known. */
const PLACEHOLDER = /\.\.\.|…|change[-_ ]?me|x{5}/i

/** The problem's text never contains the secret. */
export function placeholderProblem(secret: string): string | undefined {
  return PLACEHOLDER.test(secret) ? 'is a placeholder; replace it with your own secret' : undefined
}

/** Checks a secret that users choose. The problem's text never contains the secret. */
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
 * Derives the name from the secret. A name from the position would give a rotated or inserted key the stored responses and the
 * audit entries of another. 32 bits distinguish a few keys, and too many secrets share them to confirm a guess.
 */
function nameFromSecret(secret: string): string {
  const digest = createHash('sha256').update(`extension-tracker key name\0${secret}`).digest('hex')
  return `key-${digest.slice(0, 8)}`
}

/** Reads the keys and token secrets. `isLocal`: HOST and PUBLIC_URL are loopback, so that keys and secrets are optional. */
export function parseSecrets(
  variables: Variables,
  { isLocal, database }: { isLocal: boolean; database: DatabaseAddress },
): { apiKeys: AccessKey[]; adminKeys: AccessKey[]; tokenSecrets: string[] | null; loopbackOnly: boolean } {
  const apiKeys = parseKeys(variables, 'TRACKER_API_KEY', isLocal)
  const adminKeys = parseKeys(variables, 'TRACKER_ADMIN_KEY', isLocal)
  const shared = apiKeys.find((key) => adminKeys.some((admin) => admin.secret === key.secret))
  if (shared)
    variables.problem(
      'TRACKER_ADMIN_KEY',
      `has the same secret as the API key "${shared.name}"; use different secrets`,
    )
  const tokenSecrets = parseSecretList(variables, 'TRACKER_TOKEN_SECRET')
  if (tokenSecrets.length === 0 && database.kind === 'postgres')
    variables.problem('TRACKER_TOKEN_SECRET', 'is required with PostgreSQL: every process needs the same one')
  else if (tokenSecrets.length === 0 && !isLocal)
    variables.problem('TRACKER_TOKEN_SECRET', requiredOffLoopback)
  return {
    apiKeys,
    adminKeys,
    tokenSecrets: tokenSecrets.length === 0 ? null : tokenSecrets,
    loopbackOnly: apiKeys.length === 0 || adminKeys.length === 0,
  }
}

/** Comma-separated secrets. */
export function parseSecretList(variables: Variables, name: string): string[] {
  const secrets = variables.list(name)
  for (const [index, secret] of secrets.entries()) {
    const problem = secretProblem(secret)
    if (problem !== undefined) variables.problem(name, `secret ${index + 1} ${problem}`)
  }
  return secrets
}

const requiredOffLoopback = 'is required unless HOST and PUBLIC_URL are both loopback'

function parseKeys(variables: Variables, name: string, isLocal: boolean): AccessKey[] {
  const text = variables.text(name)
  if (text === undefined) {
    if (!isLocal) variables.problem(name, requiredOffLoopback)
    return []
  }
  const { keys, problems } = parseAccessKeys(text)
  for (const problem of problems) variables.problem(name, problem)
  return keys
}
