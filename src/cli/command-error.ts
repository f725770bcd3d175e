/** 1: the command failed. 2: wrong usage or invalid configuration. */
type FailureCode = 1 | 2

/**
 * Ends a command with an exit code. Like any other error, it is printed as its message; with `LOG_LEVEL` `debug` or `trace`, as its
 * stack.
 */
export class CommandError extends Error {
  readonly exitCode: FailureCode

  constructor(message: string, exitCode: FailureCode = 1, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'CommandError'
    this.exitCode = exitCode
  }
}

/** The `code` of an error of Node.js or a library, such as `ECONNREFUSED`; undefined if it has none. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
