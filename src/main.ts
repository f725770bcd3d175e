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

const exitCode = await runProgram(
  process.argv.slice(2),
  {
    env: process.env,
    readText: (path) => readFileSync(path, 'utf8'),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    stopRequested: () =>
      new Promise((resolve) => {
        // Not `once`: npm passes a Ctrl-C on that the terminal has sent already, and the second must not cut the stop short.
        for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => resolve())
      }),
    exitCode: 0,
  },
  readPackageVersion(),
)
if (exitCode !== 0) process.exitCode = exitCode
