import type { Readable, Writable } from 'node:stream'
import type { Environment, ReadText } from '../config/variables.ts'

/** An output; `isTTY` where a person reads it on a terminal, of so many columns. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number }

/** What a command has of the process around it. */
export type CommandContext = {
  env: Environment
  readText: ReadText
  stdin: Readable
  stdout: Output
  stderr: Output
  /** Resolves when the process is asked to stop. */
  stopRequested: () => Promise<void>
  /** What the program ends with where nothing is thrown. */
  exitCode: number
}

export function printLine(output: Output, text: string): void {
  output.write(`${text}\n`)
}

/** How wide the terminal is; undefined where the reader is no person. */
export function terminalWidth({ isTTY, columns }: Output): number | undefined {
  return isTTY ? columns : undefined
}
