import { type AlertSettings, parseAlerting } from './config/alerting.ts'
import { parseDatabase } from './config/database.ts'
import { findUnknownVariables } from './config/ignored-variables.ts'
import { type MaintenanceSettings, parseMaintenance } from './config/maintenance.ts'
import { type AccessKey, parseSecretList, parseSecrets, placeholderProblem } from './config/secrets.ts'
import { parseTracing, type TracingSettings } from './config/tracing.ts'
import { type TrackerConfig, toEnvironment } from './config/tracker-options.ts'
import { type Environment, type ReadText, Variables } from './config/variables.ts'
import {
  type NotificationSettings,
  parseNotifications,
  parseSignatures,
  type SignatureSettings,
} from './config/webhooks.ts'
import type { DatabaseAddress } from './domain/database-address.ts'
import { isLoopbackHost, type Network, parseNetwork, urlHost } from './domain/host-address.ts'
import { PASSTHROUGH_MODES, type PassthroughMode } from './domain/passthrough.ts'
import { parseSizeBytes, positive } from './domain/quantities.ts'

export type Config = {
  host: string
  port: number
  /** The base of `webhookUrl` and links, without a trailing slash. If `port` is 0, a `:0` at its end becomes the real port. */
  publicUrl: string
  database: DatabaseAddress
  imagekit: { privateKey: string; uploadUrl: string; apiUrl: string }
  /** Which of ImageKit's other routes are forwarded. */
  passthrough: PassthroughMode
  signatures: SignatureSettings
  notifications: NotificationSettings
  /** Null: alerts are disabled. */
  alerting: AlertSettings | null
  maintenance: MaintenanceSettings
  apiKeys: AccessKey[]
  adminKeys: AccessKey[]
  /** Null if unset, which is allowed only on loopback with SQLite: a secret is generated once and stored beside the database. */
  tokenSecrets: string[] | null
  /** API or admin keys are missing, which is allowed only on loopback: non-local requests are rejected. */
  loopbackOnly: boolean
  /** The proxies whose `X-Forwarded-For` is trusted. */
  trustedProxies: Network[]
  /** `/metrics` requires no key. */
  metricsPublic: boolean
  /** Null: no traces are exported. */
  tracing: TracingSettings | null
  maxUploadBytes: number
  maxConcurrentUploads: number
  logLevel: LogLevel
  /** Texts to log as warnings at startup. */
  warnings: string[]
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
type LogLevel = (typeof LOG_LEVELS)[number]

/** All problems of a configuration, one sentence each. The message contains them all. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(
      `The configuration is invalid, with ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}:\n${problems.map((text) => `  - ${text}`).join('\n')}`,
    )
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** Reads the configuration of an embedded tracker, by the rules of `parseConfig`. Throws `ConfigError` with every problem at once. */
export function parseTrackerConfig(config: TrackerConfig, readText: ReadText): Config {
  const { env, problems } = toEnvironment(config)
  const variables = new Variables(env, readText)
  // `serve` puts the port into its URL once it listens, but an embedded tracker does not listen.
  if (variables.text('PORT') === '0' && variables.text('PUBLIC_URL') === undefined)
    problems.push('PUBLIC_URL: is required if PORT is 0')
  return parseConfig(env, readText, problems)
}

/**
 * Reads the configuration of `serve`. Throws `ConfigError` with every problem at once, including those that are already known.
 */
export function parseConfig(
  env: Environment,
  readText: ReadText,
  knownProblems: readonly string[] = [],
): Config {
  const variables = new Variables(env, readText)
  variables.problems.push(...knownProblems)
  const host = (variables.text('HOST') ?? '127.0.0.1').replace(/^\[(.*)\]$/, '$1')
  const port = variables.integer('PORT', 3000, 0, 65_535)
  const allowsHttp = variables.flag('ALLOW_HTTP', false)
  const publicUrl = parsePublicUrl(variables, { host, port, allowsHttp })
  const isLocal = isLoopbackHost(host) && isLoopbackHost(new URL(publicUrl).hostname)
  const database = parseDatabase(variables)
  const secrets = parseSecrets(variables, { isLocal, database })
  const warnings = findUnknownVariables(env)
  const config: Config = {
    host,
    port,
    publicUrl,
    database,
    imagekit: parseImagekit(variables, allowsHttp),
    passthrough: variables.parsed<PassthroughMode>(
      'IMAGEKIT_PASSTHROUGH',
      'off',
      (text) => PASSTHROUGH_MODES.find((mode) => mode === text),
      'off, read or all',
    ),
    signatures: parseSignatures(variables),
    notifications: parseNotifications(variables, warnings),
    alerting: parseAlerting(variables, warnings),
    maintenance: parseMaintenance(variables),
    ...secrets,
    trustedProxies: parseTrustedProxies(variables),
    metricsPublic: variables.flag('METRICS_PUBLIC', false),
    tracing: parseTracing(env, variables),
    maxUploadBytes: variables.parsed(
      'MAX_UPLOAD_BYTES',
      2 * 1024 ** 3,
      positive(parseSizeBytes),
      'a size such as 500MiB or 2GiB',
    ),
    maxConcurrentUploads: variables.integer('MAX_CONCURRENT_UPLOADS', 64, 1, 100_000),
    logLevel: variables.parsed<LogLevel>(
      'LOG_LEVEL',
      'info',
      parseLogLevel,
      `one of ${LOG_LEVELS.join(', ')}`,
    ),
    warnings,
  }
  if (variables.problems.length > 0) throw new ConfigError(variables.problems)
  return config
}

/** Reads only the token secrets; empty if there are none. Throws `ConfigError`. */
export function parseTokenSecrets(env: Environment, readText: ReadText): string[] {
  const variables = new Variables(env, readText)
  const secrets = parseSecretList(variables, 'TRACKER_TOKEN_SECRET')
  if (variables.problems.length > 0) throw new ConfigError(variables.problems)
  return secrets
}

/** Reads only the database variables. Throws `ConfigError`. */
export function parseDatabaseConfig(env: Environment, readText: ReadText): Config['database'] {
  const variables = new Variables(env, readText)
  const database = parseDatabase(variables)
  if (variables.problems.length > 0) throw new ConfigError(variables.problems)
  return database
}

function parsePublicUrl(
  variables: Variables,
  { host, port, allowsHttp }: { host: string; port: number; allowsHttp: boolean },
): string {
  const fallback = `http://${urlHost(host)}:${port}`
  const configured = variables.baseUrl('PUBLIC_URL')
  if (configured === undefined) {
    if (!isLoopbackHost(host) && variables.text('PUBLIC_URL') === undefined)
      variables.addProblem(
        'PUBLIC_URL',
        'is required when HOST is not loopback: the URL at which ImageKit reaches this service',
      )
    // Only a URL without a problem is ever used: a configuration with a problem is rejected.
    return isLoopbackHost(host) ? fallback : 'https://unset.invalid'
  }
  if (isUnencrypted(configured) && !allowsHttp)
    variables.addProblem(
      'PUBLIC_URL',
      'is http: tokens would be sent unencrypted; use https, or set ALLOW_HTTP=true',
    )
  return configured
}

function parseImagekit(variables: Variables, allowsHttp: boolean): Config['imagekit'] {
  const privateKey = variables.text('IMAGEKIT_PRIVATE_KEY')
  if (privateKey === undefined)
    variables.addProblem('IMAGEKIT_PRIVATE_KEY', "is required: ImageKit's private key")
  const problem = privateKey && placeholderProblem(privateKey)
  if (problem) variables.addProblem('IMAGEKIT_PRIVATE_KEY', problem)
  const readUrl = (name: 'IMAGEKIT_UPLOAD_URL' | 'IMAGEKIT_API_URL') => {
    const url = variables.baseUrl(name)
    if (url !== undefined && isUnencrypted(url) && !allowsHttp)
      variables.addProblem(
        name,
        'is http: the private key and files would be sent unencrypted; use https, or set ALLOW_HTTP=true',
      )
    return url
  }
  return {
    privateKey: privateKey ?? '',
    uploadUrl: readUrl('IMAGEKIT_UPLOAD_URL') ?? 'https://upload.imagekit.io',
    apiUrl: readUrl('IMAGEKIT_API_URL') ?? 'https://api.imagekit.io',
  }
}

function parseTrustedProxies(variables: Variables): Network[] {
  return variables.list('TRUSTED_PROXIES').flatMap((entry) => {
    const network = parseNetwork(entry)
    if (network !== undefined) return [network]
    variables.addProblem(
      'TRUSTED_PROXIES',
      `"${entry}" must be an address such as 10.0.0.1 or a network such as 10.0.0.0/8`,
    )
    return []
  })
}

/** Whether the URL leads to another machine over http. */
function isUnencrypted(address: string): boolean {
  const { protocol, hostname } = new URL(address)
  return protocol === 'http:' && !isLoopbackHost(hostname)
}

function parseLogLevel(text: string): LogLevel | undefined {
  return LOG_LEVELS.find((level) => level === text)
}
