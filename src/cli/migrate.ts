import { Command } from 'commander'
import { parseDatabaseConfig } from '../config.ts'
import { migrateSqlite } from '../store/sqlite/open-sqlite-store.ts'
import { StoreLockedError } from '../store/sqlite/process-lock.ts'
import { type CommandContext, printLine } from './command-context.ts'
import { CommandError } from './command-error.ts'

export function migrateCommand({ env, readText, stdout }: CommandContext): Command {
  return new Command('migrate')
    .description('Brings the database up to date. serve does so itself; stop it before you run this.')
    .addHelpText('after', '\nDATABASE_URL says which database (default: file:./data/tracker.db).')
    .action(() => {
      const { path } = parseDatabaseConfig(env, readText)
      const ran = migrateUnlocked(path)
      const done = ran === 0 ? 'was up to date already' : `is up to date: ${ran} migration(s) ran`
      printLine(stdout, `${path} ${done}.`)
    })
}

function migrateUnlocked(path: string): number {
  try {
    return migrateSqlite(path)
  } catch (error) {
    if (error instanceof StoreLockedError) throw new CommandError(error.message, 2, { cause: error })
    throw error
  }
}
