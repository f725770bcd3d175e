/**
 * The database must not be opened, and waiting does not help: the command exits with 2. Not a `TrackerError`: no request ever
 * meets it. Recognised by its name where importing the store would load SQLite.
 */
export class DatabaseStartError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'DatabaseStartError'
  }
}
