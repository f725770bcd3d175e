import type { DatabaseAddress } from '../domain/database-address.ts'
import { type AccessKey, parseAccessKeys, secretProblem } from './access-keys.ts'
import type { Variables } from './variables.ts'

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
