import type { Environment, ReadText } from '../config/variables.ts'
import { parseConfig } from '../config.ts'
import { createSandbox } from '../sandbox/sandbox.ts'
import { createService } from '../service.ts'

export type LocalServers = { serviceUrl: string; sandboxUrl: string; stop(): Promise<void> }

/** The variables that `withSandbox` replaces, as `NAME` or `NAME_FILE`. */
const IMAGEKIT_VARIABLES = ['IMAGEKIT_PRIVATE_KEY', 'IMAGEKIT_UPLOAD_URL', 'IMAGEKIT_API_URL']

/**
 * Starts a sandbox, and a service that uploads to it. `env`: the service's environment, in which ImageKit's URLs and private key are
 * replaced by those of the sandbox.
 */
export async function startLocalServers({
  env,
  readText,
  sandboxDirectory,
  sandboxPort,
}: {
  env: Environment
  readText: ReadText
  sandboxDirectory: string
  sandboxPort: number
}): Promise<LocalServers> {
  const stops: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const stopOne of stops.toReversed()) await stopOne()
  }
  try {
    const sandbox = createSandbox({ directory: sandboxDirectory, port: sandboxPort })
    stops.push(() => sandbox.stop())
    const { url: sandboxUrl } = await sandbox.start()
    const service = createService(parseConfig(withSandbox(env, sandboxUrl), readText))
    stops.push(() => service.stop())
    const { url: serviceUrl } = await service.start()
    return { serviceUrl, sandboxUrl, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function withSandbox(env: Environment, sandboxUrl: string): Environment {
  const others = Object.entries(env).filter(
    ([name]) => !IMAGEKIT_VARIABLES.includes(name.replace(/_FILE$/, '')),
  )
  return {
    ...Object.fromEntries(others),
    // The sandbox accepts any key.
    IMAGEKIT_PRIVATE_KEY: 'private_sandbox',
    IMAGEKIT_UPLOAD_URL: sandboxUrl,
    IMAGEKIT_API_URL: sandboxUrl,
  }
}
