import { execFile } from 'node:child_process'
import { chown, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { findAnyFreePort } from '../../src/cli/free-port.ts'
import {
  createPostgresHome,
  initializeData,
  type PostgresHome,
  postgresUrl,
  startServer,
} from '../../src/cli/local-postgres.ts'
import { queryPostgres } from './postgres-admin.ts'

/** A PostgreSQL server for one test. Unlike on the server of `postgres-server.ts`, committed data survives a crash, as in production. */
export type OwnServer = {
  /** Connects as the superuser to the database `postgres`. */
  url: string
  port: number
  start(): Promise<void>
  /** Stops the server without a shutdown checkpoint, like `pg_ctl stop -m immediate`: the next start has to recover the data. */
  crash(): Promise<void>
  /** Shuts down cleanly, like `pg_ctl stop -m fast`. A connected standby has then received everything. */
  stop(): Promise<void>
}

/** A primary, and a synchronous standby: the primary acknowledges a commit only once the standby has received it. */
export type Replication = {
  primary: OwnServer
  standby: OwnServer
  /** Makes the standby a primary, whose commits wait for no standby. */
  promote: () => Promise<void>
  /** Makes the stopped old primary follow the new one on its next start. */
  demote: () => Promise<void>
}

const SETTINGS = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=100']

type ServerOptions = { home: PostgresHome; data: string; password: string; settings: readonly string[] }

/** Starts a server that is stopped and removed when the test ends. */
export async function startOwnServer(settings: readonly string[] = []): Promise<OwnServer> {
  const home = await createHome()
  const server = await prepareServer({ home, ...(await initializeData(home)), settings })
  await server.start()
  return server
}

/** Starts both servers. Commits on the primary wait until the standby has connected. */
export async function startReplication(): Promise<Replication> {
  const home = await createHome()
  const { data, password } = await initializeData(home)
  const copy = join(home.folder, 'standby')
  // A plain copy is a consistent backup, because no server runs on this folder yet.
  await promisify(execFile)('cp', ['-a', data, copy])
  const primary = await prepareServer({ home, data, password, settings: ['synchronous_standby_names=*'] })
  const standby = await prepareServer({ home, data: copy, password, settings: [] })
  /** Makes the server with the data folder `folder` start as a standby of `server`. */
  const follow = async (folder: string, server: OwnServer) => {
    const { hostname, port, username } = new URL(server.url)
    const conninfo = `host=${hostname} port=${port} user=${username} password=${password}`
    await writeFor(home, join(folder, 'postgresql.auto.conf'), `primary_conninfo = '${conninfo}'\n`)
    await writeFor(home, join(folder, 'standby.signal'), '')
  }
  await follow(copy, primary)
  await primary.start()
  await standby.start()
  return {
    primary,
    standby,
    async promote() {
      await queryPostgres(standby.url, 'SELECT pg_promote()')
    },
    demote: () => follow(data, standby),
  }
}

async function createHome(): Promise<PostgresHome> {
  const home = await createPostgresHome(process.env['PATH'])
  onTestFinished(() => rm(home.folder, { recursive: true, force: true, maxRetries: 5 }))
  return home
}

/** Writes a file that is owned by the user who runs the servers. */
async function writeFor({ options }: PostgresHome, path: string, text: string): Promise<void> {
  await writeFile(path, text)
  if (options.uid !== undefined && options.gid !== undefined) await chown(path, options.uid, options.gid)
}

/** A server that is not started yet, on a free port. It is stopped when the test ends. */
async function prepareServer({ home, data, password, settings }: ServerOptions): Promise<OwnServer> {
  const port = await findAnyFreePort()
  let running: Awaited<ReturnType<typeof startServer>> | undefined
  const end = async (signal: 'SIGINT' | 'SIGQUIT') => {
    await running?.stop(signal)
    running = undefined
  }
  onTestFinished(() => end('SIGQUIT'))
  return {
    url: postgresUrl(password, port),
    port,
    async start() {
      running = await startServer(home, { data, port, settings: [...SETTINGS, ...settings] })
    },
    crash: () => end('SIGQUIT'),
    stop: () => end('SIGINT'),
  }
}
