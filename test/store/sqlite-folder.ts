import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Returns a path for a new database. Its parent folder does not exist yet; everything is removed when the test ends. */
export function temporaryDatabasePath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tracker-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'data', 'tracker.db')
}
