import type { Readable, Writable } from 'node:stream'
import type { Environment, ReadText } from '../config/variables.ts'

/** An output stream. `isTTY`: whether it is a terminal. `columns`: the width of the terminal. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number }

/** The parts of the process that a command uses. */
export type CommandContext = {
  env: Environment
  readText: ReadText
  stdin: Readable
  stdout: Output
  stderr: Output
  /** Resolves when the process is asked to stop. Until it is called, such a signal ends the process at once. */
  stopRequested: () => Promise<void>
  /** The exit code if the command throws no error. */
  exitCode: number
}

export function printLine(output: Output, text: string): void {
  output.write(`${text}\n`)
}

/** The width of the terminal in columns; undefined if the output is not a terminal. */
export function terminalWidth({ isTTY, columns }: Output): number | undefined {
  return isTTY ? columns : undefined
}
