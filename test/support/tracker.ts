import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import type { Environment } from '../../src/config/variables.ts'
import { parseConfig } from '../../src/config.ts'
import { createSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts'
import type { Overrides } from '../../src/service.ts'
import { createService, type Service } from '../../src/service.ts'
import { createTestDatabase, databaseEnv, type TestDatabase } from './database.ts'
import { unwatchExchanges, watchExchanges } from './watch-exchanges.ts'

export const API_KEY = 'api-key-of-the-tests-0123456789'
export const ADMIN_KEY = 'admin-key-of-the-tests-0123456789'
export const IMAGEKIT_KEY = 'private_key_of_the_tests'

/** A tracker in this process on a free port, configured by environment variables. It is stopped when the test ends. */
export type RunningTracker = {
  url: string
  service: Service
  database: TestDatabase
  /** `fetch` with the API key, unless `init` has an authorization header. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Stops this tracker and starts another on the same database, with these changes to the environment. */
  restart(changes?: Environment): Promise<RunningTracker>
}

/** `existing`: the database to use instead of a new one. */
export async function startTracker(
  env: Environment = {},
  overrides: Overrides = {},
  existing?: TestDatabase,
): Promise<RunningTracker> {
  const database = existing ?? (await createTestDatabase())
  const config = parseConfig(
    {
      PORT: '0',
      ...databaseEnv(database),
      IMAGEKIT_PRIVATE_KEY: IMAGEKIT_KEY,
      TRACKER_API_KEY: `app:${API_KEY}`,
      TRACKER_ADMIN_KEY: `operator:${ADMIN_KEY}`,
      ...env,
    },
    // Tests of the service set no NAME_FILE variable, so no file is read.
    () => '',
  )
  const service = createService(config, { logger: pino({ level: 'silent' }), ...overrides })
  const { url } = await service.start()
  watchExchanges(service, url)
  let isStopped = false
  const stop = async () => {
    if (isStopped) return
    isStopped = true
    await service.stop()
    unwatchExchanges(url)
  }
  onTestFinished(stop)
  return {
    url,
    service,
    database,
    async fetch(path, init = {}) {
      const headers = new Headers(init.headers)
      if (!headers.has('authorization')) headers.set('authorization', `Bearer ${API_KEY}`)
      return fetch(url + path, { ...init, headers })
    },
    async restart(changes = {}) {
      await stop()
      return startTracker({ ...env, ...changes }, overrides, database)
    },
  }
}

/** Starts a sandbox that accepts `IMAGEKIT_KEY`, and a tracker that uses the sandbox as ImageKit. */
export async function startTrackerAndSandbox(
  env: Environment = {},
  overrides: Overrides = {},
  sandboxOptions: Pick<SandboxOptions, 'delay' | 'allowPrivateUrls'> = {},
): Promise<{ tracker: RunningTracker; sandbox: Sandbox; sandboxUrl: string }> {
  const sandbox = createSandbox({
    directory: temporaryDirectory(),
    port: 0,
    privateKey: IMAGEKIT_KEY,
    webhookRetryMs: 20,
    ...sandboxOptions,
  })
  const { url } = await sandbox.start()
  onTestFinished(() => sandbox.stop())
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: url, IMAGEKIT_API_URL: url, ...env }, overrides)
  return { tracker, sandbox, sandboxUrl: url }
}

/** Creates a directory that is removed when the test ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tracker-test-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
