import type { Config } from './config.ts'
import { describeDatabaseAddress } from './domain/database-address.ts'
import { tryKey } from './imagekit/key-trial.ts'
import { readPackageVersion } from './package-version.ts'
import type { ExamineDeps } from './tracking/operators/examine.ts'

/** What an examination has to know of how the service was started. */
export function examiningOf(
  config: Config,
  process: { instanceId: string; files: { database: string; tokenSecret: string } | null },
): Pick<ExamineDeps, 'setup' | 'tryKey'> {
  const { apiKeys, adminKeys, loopbackOnly, alerting } = config
  return {
    setup: {
      instanceId: process.instanceId,
      version: readPackageVersion(),
      apiUrl: config.imagekit.apiUrl,
      database: describeDatabaseAddress(config.database),
      databaseFile: process.files?.database ?? null,
      tokenSecretFile: config.tokenSecrets === null && process.files ? process.files.tokenSecret : null,
      keys: { api: apiKeys.length, admin: adminKeys.length, isLoopbackOnly: loopbackOnly },
      expireAfterMs: config.upkeep.expireAfterMs,
      alerts: {
        host: alerting && new URL(alerting.url).hostname,
        allowsPrivateTargets: config.notifying.allowPrivateTargets,
      },
      warnings: config.warnings,
    },
    tryKey: () => tryKey(config.imagekit),
  }
}
