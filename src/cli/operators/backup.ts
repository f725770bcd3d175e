import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Command } from 'commander'
import { errorMessage } from '../../domain/errors.ts'
import { formatBytes } from '../../domain/quantities.ts'
import { findBackupProblems } from '../../store/sqlite/backup.ts'
import { type CommandContext, printLine } from '../command-context.ts'
import { CommandError, errorCode } from '../command-error.ts'
import { OPERATOR_HELP } from '../tracker-access.ts'
import { type CommandClient, createConfiguredClient, explainErrors } from '../tracker-client.ts'

export function backupCommand(context: CommandContext): Command {
  return new Command('backup')
    .description('Writes a consistent copy of the database to FILE while the service keeps running.')
    .argument('<FILE>', 'created once the copy is complete, readable by its owner only')
    .option('--force', 'replace FILE if it exists')
    .addHelpText('after', BACKUP_HELP)
    .action(async (file: string, { force = false }: { force?: boolean }) => {
      const client = createConfiguredClient(context)
      if (!force && existsSync(file)) throw alreadyExistsError(file)
      const stop = new AbortController()
      void context.stopRequested().then(() => stop.abort())
      const part = await download(client, file, stop.signal)
      try {
        const [problem] = findBackupProblems(part.path)
        if (problem !== undefined) throw new CommandError(`The copy is not an intact database: ${problem}`)
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
  'The backup does not contain the token secret: also back up TRACKER_TOKEN_SECRET or, if unset, the file token-secret beside the database.'

const BACKUP_HELP = `
Examples:
  extension-tracker backup tracker-$(date +%F).db
  extension-tracker backup /backups/tracker.db --force
${OPERATOR_HELP}
backup copies only SQLite databases; for PostgreSQL, use pg_dump.
To restore a copy, stop the service, replace the file of DATABASE_URL with it, and remove any -wal and -shm file beside that file.
The copy does not contain the token secret: that is TRACKER_TOKEN_SECRET or, if it is not set, the file token-secret beside
the database. Without that secret, existing webhook and status URLs are invalid.`

async function download(client: CommandClient, file: string, signal: AbortSignal): Promise<PartFile> {
  const request = client.http.send('/backup', { method: 'POST', signal })
  const { headers, body } = await explainErrors(client, request)
  const length = headers.get('content-length')
  const part = await writePart(file, body ?? []).catch((cause: unknown) => {
    const reason = signal.aborted ? 'stopped' : errorMessage(cause)
    throw new CommandError(`The copy is incomplete and was removed: ${reason}.`, 1, { cause })
  })
  if (length !== null && part.bytes === Number(length)) return part
  await part.remove()
  throw new CommandError(
    length === null
      ? 'The response has no Content-Length, so the copy may be incomplete. Does a proxy remove that header?'
      : `Only ${part.bytes} of ${length} bytes were received.`,
  )
}

/**
 * Renames `path` to `file`. A rename replaces an existing file, so without `force` an empty `file` is created first: that fails if
 * another process has created `file` in the meantime.
 */
async function moveInto(path: string, file: string, force: boolean): Promise<void> {
  if (force) return rename(path, file)
  await createEmpty(file)
  try {
    await rename(path, file)
  } catch (error) {
    await rm(file, { force: true })
    throw error
  }
}

async function createEmpty(file: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600).catch((error: unknown) => {
    throw errorCode(error) === 'EEXIST' ? alreadyExistsError(file) : error
  })
  await handle.close()
}

function alreadyExistsError(file: string): CommandError {
  return new CommandError(`${file} already exists; --force replaces it.`, 2)
}

type PartFile = { path: string; bytes: number; remove(): Promise<void> }

/** Writes `chunks` to a temporary file beside `file`, readable by its owner only, and syncs it. Removes it if that fails. */
async function writePart(
  file: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<PartFile> {
  const path = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}.part`)
  const remove = () => rm(path, { force: true })
  const handle = await open(path, 'wx', 0o600)
  try {
    const bytes = await writeAll(handle, chunks)
    await handle.sync()
    return { path, bytes, remove }
  } catch (error) {
    await remove()
    throw error
  } finally {
    await handle.close()
  }
}

async function writeAll(
  handle: FileHandle,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<number> {
  let bytes = 0
  for await (const chunk of chunks) {
    await handle.writeFile(chunk)
    bytes += chunk.byteLength
  }
  return bytes
}

/** A new file name is durable only once its folder is synced. Some systems can't open folders; there it does nothing. */
async function syncFolder(file: string): Promise<void> {
  const folder = await open(dirname(file)).catch(() => undefined)
  try {
    await folder?.sync()
  } finally {
    await folder?.close()
  }
}
