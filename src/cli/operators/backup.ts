import { existsSync } from 'node:fs'
import { link, rename, unlink } from 'node:fs/promises'
import { Command } from 'commander'
import { formatBytes } from '../../domain/quantity-text.ts'
import { checkSqliteCopy } from '../../store/sqlite/copies.ts'
import { type CommandContext, printLine } from '../command-context.ts'
import { CommandError, errorCode, errorMessage } from '../command-error.ts'
import { parseTrackerAccess } from '../tracker-access.ts'
import { createTrackerClient, type TrackerClient } from '../tracker-client.ts'
import { type PartFile, syncFolder, writePart } from './part-file.ts'
import { OPERATOR_HELP } from './run-filter-options.ts'

export function backupCommand(context: CommandContext): Command {
  return new Command('backup')
    .description('Writes a consistent copy of the database into FILE while the service goes on.')
    .argument('<FILE>', 'readable by its owner alone, and there only once it is whole')
    .option('--force', 'replace FILE if it is there')
    .addHelpText('after', BACKUP_HELP)
    .action(async (file: string, { force = false }: { force?: true | false }) => {
      const client = createTrackerClient(parseTrackerAccess(context.env, context.readText))
      if (!force && existsSync(file)) throw alreadyThere(file)
      const stop = new AbortController()
      void context.stopRequested().then(() => stop.abort())
      const part = await download(client, file, stop.signal)
      try {
        const [problem] = checkSqliteCopy(part.path)
        if (problem !== undefined) throw new CommandError(`The copy is no whole database: ${problem}`)
        await moveInto(part.path, file, force)
        await syncFolder(file)
      } finally {
        await part.remove()
      }
      printLine(context.stdout, `${file}  ${formatBytes(part.bytes)}`)
      printLine(context.stderr, SECRET_HINT)
    })
}

const SECRET_HINT =
  'The token secret is not in it: keep a copy of TRACKER_TOKEN_SECRET too or, without that, of the file token-secret beside the database.'

const BACKUP_HELP = `
Examples:
  extension-tracker backup tracker-$(date +%F).db
  extension-tracker backup /backups/tracker.db --force
${OPERATOR_HELP}
It copies a SQLite database; for PostgreSQL, use pg_dump.
To restore it, stop the service and put it in the place of the file of DATABASE_URL, without a -wal or -shm file beside it.
The token secret is not in it: that is TRACKER_TOKEN_SECRET or, without that, the file token-secret beside the database.
Without the one of before, the webhook and status addresses that are out are void.`

async function download(client: TrackerClient, file: string, signal: AbortSignal): Promise<PartFile> {
  const { status, header, body } = await client.open({ method: 'POST', path: '/backup' }, signal)
  if (status !== 200) throw client.refusal({ status, header, text: await body.text() })
  const length = header('content-length')
  const part = await writePart(file, body).catch((cause: unknown) => {
    const why = signal.aborted ? 'It was stopped' : errorMessage(cause)
    throw new CommandError(`The copy did not come whole, and is not kept: ${why}.`, 1, { cause })
  })
  if (length !== undefined && part.bytes === Number(length)) return part
  await part.remove()
  throw new CommandError(
    length === undefined
      ? 'The answer does not tell how long it is, so it is not known to be whole. Does a proxy change it?'
      : `Only ${part.bytes} of ${length} bytes came.`,
  )
}

/** A file that came into its place meanwhile is not replaced either, unless that is asked for. */
async function moveInto(path: string, file: string, force: boolean): Promise<void> {
  if (force) return rename(path, file)
  try {
    await link(path, file)
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw alreadyThere(file)
    // Not every file system has links.
    return rename(path, file)
  }
  await unlink(path)
}

function alreadyThere(file: string): CommandError {
  return new CommandError(`${file} is there already; --force replaces it.`, 2)
}
