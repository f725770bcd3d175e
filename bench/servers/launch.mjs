// Starts a program as a user would, on the core of the servers, what it prints going to a file.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { onCore } from '../machine.mjs'
import { SECRETS } from './secrets.mjs'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
/** Nothing is asked of the real ImageKit. */
const NOBODY = 'http://127.0.0.1:9'
const PATIENCE_MS = 120_000
let launched = 0

/** The built service, configured as one that others can reach. */
export function launchTracker(folder, env = {}) {
  const own = {
    PORT: '0',
    DATABASE_URL: `file:${join(folder, 'tracker.db')}`,
    IMAGEKIT_PRIVATE_KEY: 'private_bench',
    IMAGEKIT_UPLOAD_URL: NOBODY,
    IMAGEKIT_API_URL: NOBODY,
    ...env,
  }
  return launch([process.execPath, MAIN, 'serve'], folder, own)
}

/** A local ImageKit. It is no part of what is measured, so it stays off the core of the servers. */
export function launchSandbox(folder) {
  const command = [process.execPath, MAIN, 'sandbox', '--directory', join(folder, 'sandbox')]
  return launch(command, folder, { PORT: '0' }, { core: 1, listening: /listens on (http:\S+)/ })
}

/** A program of this folder. */
export function launchPeer(name, folder, env = {}) {
  const program = fileURLToPath(new URL(`${name}.mjs`, import.meta.url))
  return launch([process.execPath, program], folder, { DATABASE: join(folder, 'peer.db'), ...env })
}

/** Resolves once it has printed where it listens; `stop` lets it end what is under way. */
export async function launch(command, folder, env, { core = 0, listening = /"url":"(http:[^"]+)"/ } = {}) {
  launched += 1
  const output = join(folder, `output-${launched}.log`)
  const file = openSync(output, 'w')
  const [program, ...args] = onCore(core, command)
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(program, args, {
    env: { PATH, HOME, ...SECRETS, ...env },
    stdio: ['ignore', file, file],
  })
  closeSync(file)
  const exited = once(child, 'exit')
  const url = await addressIn(output, child, listening)
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
  }
  return { url, pid: child.pid, output, stop }
}

/** What is done with a server while it runs; it is stopped whatever comes of that. */
export async function withServer(starting, use) {
  const server = await starting
  try {
    return await use(server)
  } finally {
    await server.stop()
  }
}

async function addressIn(output, child, listening) {
  for (const giveUpAt = Date.now() + PATIENCE_MS; Date.now() < giveUpAt; await sleep(10)) {
    const text = readFileSync(output, 'utf8')
    const found = listening.exec(text)
    if (found !== null) return found[1]
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}:\n${text}`)
  }
  child.kill('SIGKILL')
  throw new Error(`it does not listen:\n${readFileSync(output, 'utf8')}`)
}
