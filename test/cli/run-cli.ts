import { readFileSync } from 'node:fs'
import { PassThrough, Readable } from 'node:stream'
import { runProgram } from '../../src/cli/program.ts'

export type CliResult = { exitCode: number; stdout: string; stderr: string }

export type CliOptions = {
  env?: { [name: string]: string | undefined }
  stdin?: Readable
  /** Whether stdout and stderr are terminals. */
  isTTY?: boolean
  /** Resolves when the command is asked to stop; by default, never. */
  stopRequested?: () => Promise<void>
  /** Called after each chunk with everything written to stdout so far. */
  onOutput?: (stdout: string) => void
  /** Like `onOutput`, for stderr. */
  onErrorOutput?: (stderr: string) => void
}

/** Runs one command in this process, with its own environment and streams, as version 1.2.3 of the program. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const stdout = capture(options.isTTY, options.onOutput)
  const stderr = capture(options.isTTY, options.onErrorOutput)
  const exitCode = await runProgram(
    args,
    {
      env: options.env ?? {},
      readText: (path) => readFileSync(path, 'utf8'),
      stdin: options.stdin ?? Readable.from([]),
      stdout: stdout.stream,
      stderr: stderr.stream,
      stopRequested: options.stopRequested ?? (() => new Promise(() => {})),
      exitCode: 0,
    },
    '1.2.3',
  )
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() }
}

function capture(isTTY = false, onOutput: (text: string) => void = () => {}) {
  let text = ''
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 100 })
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    text += chunk
    onOutput(text)
  })
  return { stream, text: () => text }
}
