import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Where the database of this test goes; the folder is removed when the test has ended. */
export function temporaryDatabase(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tracker-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'data', 'tracker.db')
}
