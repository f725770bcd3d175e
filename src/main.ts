#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { runProgram } from './cli/program.ts'
import { withDotEnv } from './config/variables.ts'
import { errorMessage } from './domain/errors.ts'
import { readPackageVersion } from './package-version.ts'

for (const output of [process.stdout, process.stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => {
    // The reader has closed the pipe, as `head` does.
    if (error.code === 'EPIPE') process.exit()
    throw error
  })
}

/** npm forwards a Ctrl-C that the terminal has already sent. A second SIGINT within this time counts as the same one. */
const SAME_SIGNAL_MS = 300

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    let first: { signal: NodeJS.Signals; at: number } | undefined
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        const now = performance.now()
        if (first === undefined) {
          first = { signal, at: now }
          return resolve()
        }
        const isSame = signal === 'SIGINT' && first.signal === signal && now - first.at <= SAME_SIGNAL_MS
        if (!isSame) process.exit(1)
      })
    }
  })
}

/** The text of `.env` in the working directory; empty if there is none. */
function readDotEnv(): string {
  try {
    return readFileSync('.env', 'utf8')
  } catch (error) {
    // A folder named `.env` is usually a Python virtual environment.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EISDIR'))
      return ''
    process.stderr.write(`.env can't be read: ${errorMessage(error)}\n`)
    process.exit(2)
  }
}

const env = withDotEnv(process.env, readDotEnv())
// The OpenTelemetry packages read these variables from the process.
for (const [name, value] of Object.entries(env)) if (name.startsWith('OTEL_')) process.env[name] = value

const exitCode = await runProgram(
  process.argv.slice(2),
  {
    env,
    readText: (path) => readFileSync(path, 'utf8'),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    stopRequested,
    exitCode: 0,
  },
  readPackageVersion(),
)
if (exitCode !== 0) process.exitCode = exitCode
