import type { Config } from './config.ts'
import { describeDatabaseAddress } from './domain/database-address.ts'
import { probeApiKey } from './imagekit/api-key-probe.ts'
import { readPackageVersion } from './package-version.ts'
import type { DiagnosticsDeps } from './tracking/operators/run-diagnostics.ts'

/** The part of the configuration that the diagnostics need. */
export function diagnosticsOf(
  config: Config,
  process: { instanceId: string; files: { database: string; tokenSecret: string } | null },
): Pick<DiagnosticsDeps, 'setup' | 'probeApiKey'> {
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
    probeApiKey: () => probeApiKey(config.imagekit),
  }
}
