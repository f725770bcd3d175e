import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createSandbox, type Sandbox, type SandboxOptions } from '../../../src/sandbox/sandbox.ts'

export const PRIVATE_KEY = 'private_key_test'

export type RunningSandbox = Sandbox & { url: string; directory: string }

type Overrides = Omit<Partial<SandboxOptions>, 'privateKey'> & { acceptsAnyKey?: boolean }

/** Starts a sandbox on its own directory. Both are removed when the test ends. */
export async function startSandbox({ acceptsAnyKey, ...options }: Overrides = {}): Promise<RunningSandbox> {
  const directory = options.directory ?? (await temporaryDirectory())
  const key = acceptsAnyKey ? {} : { privateKey: PRIVATE_KEY }
  const sandbox = createSandbox({ directory, port: 0, webhookRetryMs: 10, ...key, ...options })
  const { url } = await sandbox.start()
  onTestFinished(() => sandbox.stop())
  return { ...sandbox, url, directory }
}

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sandbox-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}
