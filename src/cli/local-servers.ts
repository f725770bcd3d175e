import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseConfig } from '../config.ts'
import { createSandbox } from '../sandbox/sandbox.ts'
import { createService } from '../service.ts'
import { findFreePort } from './free-port.ts'
import type { LocalPostgres } from './local-postgres.ts'

export type DemoServers = { serviceUrl: string; sandboxUrl: string; stop(): Promise<void> }

/**
 * Starts a sandbox and a service with a temporary directory, which is removed when they stop. The service stores everything in
 * the database server that `startDatabase` starts, or else in a file in that directory.
 */
export async function startDemoServers(startDatabase?: () => Promise<LocalPostgres>): Promise<DemoServers> {
  const directory = await mkdtemp(join(tmpdir(), 'extension-tracker-demo-'))
  const stops = [() => rm(directory, { recursive: true, force: true })]
  const stop = async () => {
    for (const stopOne of stops.toReversed()) await stopOne()
  }
  try {
    const port = await findFreePort(3000)
    const sandbox = createSandbox({
      directory: join(directory, 'imagekit'),
      port: await findFreePort(port + 1),
    })
    stops.push(() => sandbox.stop())
    const { url: sandboxUrl } = await sandbox.start()
    const database = await startDatabase?.()
    if (database !== undefined) stops.push(() => database.stop())
    const databaseUrl = database?.url ?? `file:${join(directory, 'tracker.db')}`
    const service = createService(demoConfig(databaseUrl, port, sandboxUrl))
    stops.push(() => service.stop())
    const { url: serviceUrl } = await service.start()
    return { serviceUrl, sandboxUrl, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Everything else has the defaults of `serve`. The caller's environment is not used. */
function demoConfig(databaseUrl: string, port: number, sandboxUrl: string) {
  const env = {
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    IMAGEKIT_PRIVATE_KEY: 'private_demo',
    TRACKER_TOKEN_SECRET: randomBytes(24).toString('base64url'),
    TRACKER_WEBHOOK_SECRET: `whsec_${randomBytes(24).toString('base64')}`,
    IMAGEKIT_UPLOAD_URL: sandboxUrl,
    IMAGEKIT_API_URL: sandboxUrl,
    LOG_LEVEL: 'warn',
  }
  return parseConfig(env, (path) => {
    throw new Error(`${path} is not read in the demo`)
  })
}
