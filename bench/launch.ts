// Starts programs as a user does, each pinned to a core (unless that is `any`) if possible, and with its output in a file.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Core, onCore } from './machine.ts'

/** Only the bench uses these. They protect nothing. */
export const SECRETS = {
  TRACKER_TOKEN_SECRET: 'bench-token-secret-of-nothing-else',
  TRACKER_API_KEY: 'bench-api-key-0001',
  TRACKER_ADMIN_KEY: 'bench-admin-key-0001',
}
export const API_KEY_HEADERS = { Authorization: `Bearer ${SECRETS.TRACKER_API_KEY}` }
export const OPERATOR_HEADERS = { Authorization: `Bearer ${SECRETS.TRACKER_ADMIN_KEY}` }

export type RunningServer = { url: string; pid: number; stop: () => Promise<void> }
export type Env = { [name: string]: string }

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const SERVERS = fileURLToPath(new URL('servers.js', import.meta.url))
const SLOW_SYNC = fileURLToPath(new URL('../bench/slow-sync.c', import.meta.url))
/** Nothing listens on this port, and nothing is sent to the real ImageKit. */
const UNREACHABLE = 'http://127.0.0.1:9'
const START_TIMEOUT_MS = 120_000
let launchCount = 0

/** The built service, with keys configured, as is necessary if other machines connect to it. */
export function launchTracker(folder: string, env: Env = {}, core: Core = 0): Promise<RunningServer> {
  const trackerEnv = {
    PORT: '0',
    DATABASE_URL: `file:${join(folder, 'tracker.db')}`,
    IMAGEKIT_PRIVATE_KEY: 'private_bench',
    IMAGEKIT_UPLOAD_URL: UNREACHABLE,
    IMAGEKIT_API_URL: UNREACHABLE,
    // The default is ten minutes. Here runs stay pending longer, and there is no ImageKit to reconcile with.
    RECONCILE_AFTER: '24h',
    ...env,
  }
  return launch([process.execPath, MAIN, 'serve'], folder, trackerEnv, { core })
}

/** The sandbox. It is not measured itself, so it does not run on the core of the servers. */
export function launchSandbox(folder: string): Promise<RunningServer> {
  const command = [process.execPath, MAIN, 'sandbox', '--directory', join(folder, 'sandbox')]
  return launch(command, folder, { PORT: '0' }, { core: 1, listening: /listens on (http:\S+)/ })
}

/** The environment of a tracker that uploads to the sandbox. */
export function sandboxEnv({ url }: RunningServer): Env {
  return { IMAGEKIT_UPLOAD_URL: url, IMAGEKIT_API_URL: url }
}

/** One of the servers that the tracker is compared with; see `servers.ts`. */
export function launchComparison(
  name: string,
  folder: string,
  env: Env = {},
  core: Core = 0,
): Promise<RunningServer> {
  const command = [process.execPath, SERVERS, name]
  return launch(command, folder, { DATABASE: join(folder, 'peer.db'), ...env }, { core })
}

/** Resolves once the program has printed its address, which `listening` captures. `stop` lets it finish its work. */
export async function launch(
  command: string[],
  folder: string,
  env: Env,
  { core = 0, listening = /"url":"(http:[^"]+)"/ }: { core?: Core; listening?: RegExp } = {},
): Promise<RunningServer> {
  launchCount += 1
  const output = join(folder, `output-${launchCount}.log`)
  const file = openSync(output, 'w')
  const [program = '', ...args] = onCore(core, command)
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(program, args, {
    env: { PATH, HOME, ...SECRETS, ...env },
    stdio: ['ignore', file, file],
  })
  closeSync(file)
  const exited = once(child, 'exit')
  const giveUpAt = Date.now() + START_TIMEOUT_MS
  while (Date.now() < giveUpAt) {
    const text = readFileSync(output, 'utf8')
    const [, url] = listening.exec(text) ?? []
    if (url !== undefined && child.pid !== undefined) {
      const stop = async () => {
        child.kill('SIGTERM')
        await exited
      }
      return { url, pid: child.pid, stop }
    }
    if (child.exitCode !== null) throw new Error(`the program exited with ${child.exitCode}:\n${text}`)
    await sleep(10)
  }
  child.kill('SIGKILL')
  throw new Error(`the program did not start to listen:\n${readFileSync(output, 'utf8')}`)
}

/** Stops the server after `use`, even if that fails. */
export async function withServer<Result>(
  starting: Promise<RunningServer>,
  use: (server: RunningServer) => Promise<Result>,
): Promise<Result> {
  const server = await starting
  try {
    return await use(server)
  } finally {
    await server.stop()
  }
}

/** Removes the folder after `use`, even if that fails. */
export async function inOwnFolder<Result>(
  parent: string,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(parent, 'run-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The environment of a server on whose disk each sync takes longer. Needs Linux and a C compiler. */
export function slowSyncEnv(folder: string, micros: number): Env {
  const shim = join(folder, 'slow-sync.so')
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', shim, SLOW_SYNC])
  return { LD_PRELOAD: shim, SLOW_SYNC_MICROS: String(micros) }
}
