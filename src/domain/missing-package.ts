/** An optional package can't be loaded. The message says how to install it. */
export class MissingPackageError extends Error {
  override readonly name = 'MissingPackageError'
}

/** One line about a package that could not be loaded; empty if it was loaded. */
export function describeLoadFailure(description: string, result: PromiseSettledResult<unknown>): string {
  if (result.status === 'fulfilled') return ''
  const error: unknown = result.reason
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
  return `  ${description}: ${isMissing ? 'not installed' : String(error)}\n`
}
