import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { type CopyAddresses, parseCopyAddresses } from '../config/database.ts'
import { parseDatabaseConfig, parseTokenSecrets } from '../config.ts'
import { describeDatabaseAddress } from '../domain/database-address.ts'
import { findTokenCheckValue, migrateDatabase, moveDatabase } from '../store/open-store.ts'
import { readTokenSecret } from '../token-secret.ts'
import { createCapabilityTokens } from '../tracking/capability-tokens.ts'
import { type CommandContext, printLine } from './command-context.ts'
import { CommandError } from './command-error.ts'
import { createRowProgress } from './progress-bar.ts'

export function migrateCommand(context: CommandContext): Command {
  return new Command('migrate')
    .description('Brings the database up to date, or copies a SQLite database to PostgreSQL.')
    .option('--from <ADDRESS>', 'file:PATH of the SQLite database to copy')
    .option('--to <ADDRESS>', 'postgres://… of an empty database to copy it into')
    .addHelpText('after', MIGRATE_HELP)
    .action(async ({ from, to }: { from?: string; to?: string }) => {
      if (from !== undefined && to !== undefined) {
        const parsed = parseCopyAddresses(from, to)
        if ('problem' in parsed) throw new CommandError(`--${parsed.option} ${parsed.problem}.`, 2)
        return move(context, parsed)
      }
      if (from !== undefined || to !== undefined)
        throw new CommandError('--from and --to must be used together.', 2)
      const address = parseDatabaseConfig(context.env, context.readText)
      const migrationCount = await migrateDatabase(address)
      const result =
        migrationCount === 0
          ? 'was already up to date'
          : `is up to date: ${migrationCount} ${migrationCount === 1 ? 'migration' : 'migrations'} ran`
      printLine(context.stdout, `${describeDatabaseAddress(address)} ${result}.`)
    })
}

const MIGRATE_HELP = `
serve also brings the database up to date when it starts. Stop serve before you run migrate.
Without options, migrate uses the database of DATABASE_URL (default: file:./data/tracker.db).

To move from SQLite to PostgreSQL, stop serve, then copy:
  extension-tracker migrate --from file:./data/tracker.db --to postgres://tracker@db.internal/tracker
Every row is copied and then compared, except rows that only concern running processes. If the command is interrupted, run it
again: copying resumes where it stopped. Afterwards, start serve with the new DATABASE_URL and the same TRACKER_TOKEN_SECRET,
which keeps webhook URLs and status links valid.`

async function move(context: CommandContext, { from, to }: CopyAddresses): Promise<void> {
  await checkTokenSecret(context, from)
  const { stdout, stderr } = context
  const progress = await createRowProgress(stderr)
  try {
    const rows = await moveDatabase(from, to, progress)
    progress.stop()
    const [source, target] = [from, to].map(describeDatabaseAddress)
    printLine(stdout, `Copied ${source} to ${target}: ${rows} rows, compared after the copy.`)
    printLine(stderr, 'Start serve with the new DATABASE_URL and the same TRACKER_TOKEN_SECRET.')
  } finally {
    progress.stop()
  }
}

/**
 * Throws `CommandError` if TRACKER_TOKEN_SECRET is not set, or lacks a secret that the service is known to have used. A development
 * service can keep its secret in a file beside its SQLite database, but a service with PostgreSQL needs the variable.
 */
async function checkTokenSecret(
  { env, readText }: CommandContext,
  from: CopyAddresses['from'],
): Promise<void> {
  const secrets = parseTokenSecrets(env, readText)
  const file = join(dirname(from.path), 'token-secret')
  const fileSecret = readTokenSecret(file)
  if (secrets.length === 0)
    throw new CommandError(
      `Set TRACKER_TOKEN_SECRET to the secret of the service, or its webhook URLs and status links become invalid. ${
        fileSecret === undefined ? "It is in the service's environment." : `It is in ${file}.`
      }`,
      2,
    )
  // 25 hours: ImageKit repeats a webhook for 24 hours, so later no webhook comes to a URL that the file's secret has signed.
  if (fileSecret !== undefined && !secrets.includes(fileSecret))
    throw new CommandError(
      `TRACKER_TOKEN_SECRET lacks the secret in ${file}, which signs webhook URLs and status links if that variable is not set. ` +
        'Append it after a comma, or delete the file if every service with this database has had that variable for 25 hours.',
      2,
    )
  const checkValue = await findTokenCheckValue(from)
  if (checkValue !== null && !createCapabilityTokens(secrets).hasCheckValue(checkValue))
    throw new CommandError(
      `TRACKER_TOKEN_SECRET lacks the secret that signed the newest webhook URLs and status links of ${from.path}. ` +
        "It is in the service's environment. Append it after a comma.",
      2,
    )
}
