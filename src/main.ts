#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { readPackageVersion } from './cli/package-version.ts'
import { runProgram } from './cli/program.ts'

for (const output of [process.stdout, process.stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => {
    // The reader has gone, as `head` does; there is nobody left to tell anything.
    if (error.code === 'EPIPE') process.exit()
    throw error
  })
}

/** npm passes a Ctrl-C on that the terminal has sent already; so soon after the first it is the same one. */
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

const exitCode = await runProgram(
  process.argv.slice(2),
  {
    env: process.env,
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
