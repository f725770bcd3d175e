import { parseAccessKeys } from '../config/secrets.ts'
import { type Environment, type ReadText, Variables } from '../config/variables.ts'
import { ConfigError } from '../config.ts'
import { normalizeAddress, urlHost } from '../domain/host-address.ts'

/** The URL of the service and the key to authenticate with; `key.name` is the variable that contains it. */
export type TrackerAccess = { url: string; key: { name: string; secret: string } | undefined }

/**
 * The first one that is set is used, and the first key in it if it has several. An admin key is accepted wherever an API key is.
 */
const KEY_VARIABLES = ['TRACKER_ADMIN_KEY', 'TRACKER_API_KEY'] as const

/** Reads the variables that the client commands need. Throws `ConfigError` if one is invalid. */
export function parseTrackerAccess(env: Environment, readText: ReadText): TrackerAccess {
  const variables = new Variables(env, readText)
  const host = variables.text('HOST') ?? '127.0.0.1'
  const port = variables.integer('PORT', 3000, 0, 65_535)
  const localUrl = `http://${reachableHost(host)}:${port}`
  const url = variables.baseUrl('TRACKER_URL') ?? variables.baseUrl('PUBLIC_URL') ?? localUrl
  const keys = KEY_VARIABLES.flatMap((name) => {
    const text = variables.text(name)
    if (text === undefined) return []
    const parsed = parseAccessKeys(text)
    for (const problem of parsed.problems) variables.addProblem(name, problem)
    return parsed.keys.slice(0, 1).map(({ secret }) => ({ name, secret }))
  })
  if (variables.problems.length > 0) throw new ConfigError(variables.problems)
  return { url, key: keys[0] }
}

/** The host of a URL at which a service that listens on `HOST` is reachable from this machine. */
function reachableHost(listenHost: string): string {
  const host = normalizeAddress(listenHost.replace(/^\[(.*)\]$/, '$1'))
  // A service on a wildcard address also listens on loopback. Not every system can connect to the wildcard address itself.
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : urlHost(host)
}

/** Part of the help of each command that needs the admin key. */
export const OPERATOR_HELP = `
TRACKER_URL (else PUBLIC_URL, else HOST and PORT) is the address of the service; TRACKER_ADMIN_KEY is the key.`
