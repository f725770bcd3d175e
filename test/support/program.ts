import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { onTestFinished, vi } from 'vitest'

export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** The built program in its own process, which is killed when the test ends. */
export type RunningProgram = {
  process: ChildProcess
  output(): string
  /** Waits up to a minute until stdout or stderr contains this pattern. Resolves with its first match. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
  /** Resolves with the exit code; null if a signal ended the process. */
  exited: Promise<number | null>
}

/** Runs the program. `descriptors`: its maximum number of open descriptors. `main`: the path of another installation's `main.js`. */
export function runProgram(
  args: readonly string[],
  env: { [name: string]: string } = {},
  // The default is not the project's folder, which may contain a developer's .env.
  { cwd = tmpdir(), descriptors, main = MAIN }: { cwd?: string; descriptors?: number; main?: string } = {},
): RunningProgram {
  const { PATH = '', HOME = '' } = process.env
  const limit = descriptors === undefined ? [] : ['sh', '-c', `ulimit -n ${descriptors} && exec "$0" "$@"`]
  const [program = '', ...rest] = [...limit, process.execPath, main, ...args]
  const child = spawn(program, rest, { cwd, env: { PATH, HOME, ...env }, stdio: 'pipe' })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const exited = once(child, 'close').then(() => child.exitCode)
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return {
    process: child,
    output: () => output,
    exited,
    async printed(pattern) {
      await vi.waitFor(
        () => {
          if (pattern.test(output)) return
          if (child.exitCode !== null) throw new Error(`exited with ${child.exitCode}:\n${output}`)
          throw new Error(`${pattern} was not printed:\n${output}`)
        },
        { timeout: 60_000, interval: 20 },
      )
      const match = pattern.exec(output)
      if (match === null) throw new Error(`${pattern} was not printed:\n${output}`)
      return match
    },
  }
}

/** Runs `serve`, by default on a free port. Resolves once it listens. */
export async function runServe(
  env: { [name: string]: string },
  options: { descriptors?: number; main?: string } = {},
): Promise<RunningProgram & { url: string }> {
  const program = runProgram(['serve'], { PORT: '0', ...env }, options)
  const [, url = ''] = await program.printed(/"url":"(http:[^"]+)","msg":"listening"/)
  return { ...program, url }
}
