import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { type Move, parseMove } from '../config/database.ts'
import { parseDatabaseConfig, parseTokenSecrets } from '../config.ts'
import { describeDatabaseAddress } from '../domain/database-address.ts'
import { findTokenCheckValue, migrateDatabase, moveDatabase } from '../store/open-store.ts'
import { readTokenSecret } from '../token-secret.ts'
import { createCapabilityTokens } from '../tracking/capability-tokens.ts'
import { type CommandContext, printLine } from './command-context.ts'
import { CommandError } from './command-error.ts'
import { createRowProgress } from './row-progress.ts'

export function migrateCommand(context: CommandContext): Command {
  return new Command('migrate')
    .description('Brings the database up to date, or copies it into another one.')
    .option('--from <ADDRESS>', 'file:PATH of the SQLite database to copy')
    .option('--to <ADDRESS>', 'postgres://… of an empty database to copy it into')
    .addHelpText('after', MIGRATE_HELP)
    .action(async ({ from, to }: { from?: string; to?: string }) => {
      if (from !== undefined && to !== undefined) {
        const asked = parseMove(from, to)
        if ('problem' in asked) throw new CommandError(`--${asked.option} ${asked.problem}.`, 2)
        return move(context, asked)
      }
      if (from !== undefined || to !== undefined)
        throw new CommandError('--from and --to belong together: give both.', 2)
      const address = parseDatabaseConfig(context.env, context.readText)
      const ran = await migrateDatabase(address)
      const done = ran === 0 ? 'was up to date already' : `is up to date: ${ran} migration(s) ran`
      printLine(context.stdout, `${describeDatabaseAddress(address)} ${done}.`)
    })
}

const MIGRATE_HELP = `
serve brings the database up to date itself. Stop it before you run this.
Without options, DATABASE_URL says which database (default: file:./data/tracker.db).

To move from SQLite to PostgreSQL, stop serve, and copy:
  extension-tracker migrate --from file:./data/tracker.db --to postgres://tracker@db.internal/tracker
Every row is copied and then compared. If it is interrupted, run it again: it goes on where it stopped. Afterwards, start
serve with the new DATABASE_URL and the same TRACKER_TOKEN_SECRET, which keeps webhook URLs and status links valid.`

async function move(context: CommandContext, { from, to }: Move): Promise<void> {
  await checkTokenSecret(context, from)
  const { stdout, stderr } = context
  const progress = await createRowProgress(stderr)
  try {
    const rows = await moveDatabase(from, to, progress)
    progress.stop()
    const [source, target] = [from, to].map(describeDatabaseAddress)
    printLine(stdout, `${source} is copied to ${target}: ${rows} rows, all the same.`)
    printLine(stderr, 'Start serve with the new DATABASE_URL and the same TRACKER_TOKEN_SECRET.')
  } finally {
    progress.stop()
  }
}

/** A development service keeps its secret beside the file. In the new place, it has to be in the environment. */
async function checkTokenSecret({ env, readText }: CommandContext, from: Move['from']): Promise<void> {
  const secrets = parseTokenSecrets(env, readText)
  const file = join(dirname(from.path), 'token-secret')
  const kept = readTokenSecret(file)
  if (secrets.length === 0)
    throw new CommandError(
      `Set TRACKER_TOKEN_SECRET to the secret of the service, or its webhook URLs and status links become invalid. ${
        kept === undefined ? 'It is where the service gets it from.' : `It is in ${file}.`
      }`,
      2,
    )
  if (kept !== undefined && !secrets.includes(kept))
    throw new CommandError(
      `TRACKER_TOKEN_SECRET lacks the secret in ${file}, which signed the webhook URLs and status links of a service without that variable. ` +
        'Add it behind a comma, or delete the file if no such service has used this database for 25 hours.',
      2,
    )
  const signed = await findTokenCheckValue(from)
  if (signed !== null && !createCapabilityTokens(secrets).hasCheckValue(signed))
    throw new CommandError(
      `TRACKER_TOKEN_SECRET lacks the secret that signed the newest webhook URLs and status links of ${from.path}. ` +
        'It is where the service gets it from. Add it behind a comma.',
      2,
    )
}
