import { TrackerError } from '../domain/errors.ts'

/**
 * The database must not be opened, and waiting does not help: the command exits with 2. Not a `TrackerError`, because no request
 * ever gets it. Recognised by its name where importing the store would load SQLite.
 */
export class DatabaseStartError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'DatabaseStartError'
  }
}

export function unavailable(cause: unknown, { mayBeCommitted = false } = {}): TrackerError {
  const message = 'The database cannot be used at the moment. Try again later.'
  return new TrackerError('store_unavailable', message, { cause, mayBeCommitted })
}
