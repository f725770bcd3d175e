import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** The path for a test's database; the folder is removed when the test has ended. */
export function temporaryDatabase(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tracker-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'data', 'tracker.db')
}
