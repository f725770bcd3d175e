import { relative } from 'node:path'
import { describe, inject, TestRunner } from 'vitest'

const NAMES = { sqlite: 'SQLite', postgres: 'PostgreSQL' }

/** Adds the database to the full name of each integration test, because most of these tests run on both databases. */
export default class DatabaseNamingRunner extends TestRunner {
  override async importFile(path: string, source: 'collect' | 'setup'): Promise<void> {
    const importTests = async () => {
      await super.importFile(path, source)
    }
    if (source === 'collect' && relative(this.config.root, path).startsWith('test/integration/'))
      describe(`on ${NAMES[inject('database')]}`, importTests)
    else await importTests()
  }
}
