import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inject, onTestFinished } from 'vitest'

export const SHIRT = fileURLToPath(new URL('../fixtures/images/shirt.png', import.meta.url))

type Result = { exitCode: number; stdout: string; stderr: string }
type Command = readonly [program: string, ...args: string[]]
type Options = { env?: { [name: string]: string } }

/** Runs an example's program in its folder until it ends. */
export function runExample(
  name: string,
  [program, ...args]: Command,
  options: Options = {},
): Promise<Result> {
  return new Promise((resolve, reject) => {
    execFile(program, args, processOptions(name, options), (error, stdout, stderr) => {
      if (error === null) resolve({ exitCode: 0, stdout, stderr })
      else if (typeof error.code === 'number') resolve({ exitCode: error.code, stdout, stderr })
      else reject(error)
    })
  })
}

export type RunningExample = {
  /** The text in the first line that the example has printed, from `http` on. */
  url: string
  output(): string
  /** Sends SIGTERM, and resolves when the program has ended. */
  stop(): Promise<void>
}

/** Starts an example that is a server, and waits until it prints its URL. It is stopped when the test ends. */
export async function startExample(
  name: string,
  [program, ...args]: Command,
  options: Options = {},
): Promise<RunningExample> {
  const child = spawn(program, args, { ...processOptions(name, options), stdio: 'pipe' })
  onTestFinished(() => stop(child))
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const ended = once(child, 'close').then(() => {
    throw new Error(`${name} has ended:\n${output}`)
  })
  ended.catch(() => {})
  for (;;) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+\S*/.exec(output) ?? []
    if (url !== undefined) return { url, output: () => output, stop: () => stop(child) }
    await Promise.race([once(child.stdout, 'data'), ended])
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'close')
}

function processOptions(name: string, { env = {} }: Options) {
  const { directory, env: trackerEnv } = inject('examples')
  const { PATH = '', HOME = '' } = process.env
  return { cwd: join(directory, name), env: { PATH, HOME, PORT: '0', ...trackerEnv, ...env } }
}

/** `fetch` to the tracker, with its API key. */
export function fetchTracker(path: string, init: RequestInit = {}): Promise<Response> {
  const { env } = inject('examples')
  return fetch(`${env['TRACKER_URL']}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${env['TRACKER_API_KEY']}` },
  })
}

/** The status of the file whose id is in an example's output. */
export async function statusIn(output: string): Promise<unknown> {
  const [fileId] = /\b[\da-f]{24}\b/.exec(output) ?? []
  const response = await fetchTracker(`/assets/${fileId}/status`)
  return ((await response.json()) as { extensionStatus: unknown }).extensionStatus
}
