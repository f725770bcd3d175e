import { Command } from 'commander'
import { parseDatabaseConfig } from '../config.ts'
import { describeDatabaseAddress } from '../domain/database-address.ts'
import { migrateDatabase } from '../store/open-store.ts'
import { type CommandContext, printLine } from './command-context.ts'

export function migrateCommand({ env, readText, stdout }: CommandContext): Command {
  return new Command('migrate')
    .description('Brings the database up to date. serve does so itself; stop it before you run this.')
    .addHelpText('after', '\nDATABASE_URL says which database (default: file:./data/tracker.db).')
    .action(async () => {
      const address = parseDatabaseConfig(env, readText)
      const ran = await migrateDatabase(address)
      const done = ran === 0 ? 'was up to date already' : `is up to date: ${ran} migration(s) ran`
      printLine(stdout, `${describeDatabaseAddress(address)} ${done}.`)
    })
}
