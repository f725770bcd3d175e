import type { Config } from './config.ts'
import { tryKey } from './imagekit/key-trial.ts'
import { readPackageVersion } from './package-version.ts'
import type { ExamineDeps } from './tracking/operators/examine.ts'

/** What an examination has to know of how the service was started. */
export function examiningOf(
  config: Config,
  process: { instanceId: string; tokenSecretFile: string },
): Pick<ExamineDeps, 'setup' | 'tryKey'> {
  const { apiKeys, adminKeys, loopbackOnly, alerting } = config
  return {
    setup: {
      instanceId: process.instanceId,
      version: readPackageVersion(),
      apiUrl: config.imagekit.apiUrl,
      databasePath: config.database.path,
      tokenSecretFile: config.tokenSecrets === null ? process.tokenSecretFile : null,
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
