import { Command } from 'commander'
import { parseDatabaseConfig } from '../config.ts'
import { migrateSqlite } from '../store/sqlite/open-sqlite-store.ts'
import { type CommandContext, printLine } from './command-context.ts'

export function migrateCommand({ env, readText, stdout }: CommandContext): Command {
  return new Command('migrate')
    .description('Brings the database up to date. serve does so itself; stop it before you run this.')
    .addHelpText('after', '\nDATABASE_URL says which database (default: file:./data/tracker.db).')
    .action(() => {
      const { path } = parseDatabaseConfig(env, readText)
      const ran = migrateSqlite(path)
      const done = ran === 0 ? 'was up to date already' : `is up to date: ${ran} migration(s) ran`
      printLine(stdout, `${path} ${done}.`)
    })
}
