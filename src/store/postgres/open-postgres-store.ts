import { DEFAULT_CONNECTIONS } from '../../domain/database-address.ts'
import { DatabaseStartError, errorMessage, TrackerError } from '../../domain/errors.ts'
import type { CopyTarget } from '../copy-database.ts'
import { runMigrations } from '../migrations.ts'
import type { StoreHandle } from '../store.ts'
import { runAsync } from '../transaction-work.ts'
import type { WriteQueueOptions } from '../write-queue.ts'
import { createCopyTarget, hasUnfinishedCopy } from './copy-target.ts'
import { BEGIN_LOCKED, createPartitions } from './partitions.ts'
import { createPool, type Session } from './pool.ts'
import { createPostgresStore } from './postgres-store.ts'
import { prepared } from './prepared.ts'
import { createStatements } from './statements.ts'
import { codeOf, isTlsError, storeError } from './store-error.ts'

export type PostgresStoreOptions = WriteQueueOptions & {
  url: string
  /**
   * The address of the server itself, if `url` leads to a pooler. Used for LISTEN, which does not work through a pooler, for NOTIFY,
   * and for dropping partitions.
   */
  listenUrl?: string | undefined
  connections?: number | undefined
  processId?: number
  /** `migrations`: how many were missing and ran. */
  onOpen?: (opened: { migrations: number; serverVersion: string }) => void
}

/** PostgreSQL 14 is the first version that detaches partitions without blocking, and can finish an interrupted detach. */
const MIN_VERSION = 140_000

/**
 * Migrates the schema and opens the store. Rejects with `DatabaseStartError` if waiting does not help, as with a wrong
 * password, and with `store_unavailable` if it may help, as when the server can't be reached.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<StoreHandle> {
  const { url, listenUrl = url, connections = DEFAULT_CONNECTIONS, onOpen, ...rest } = options
  const opened = await prepareDatabase(url, async (session) => {
    if (await hasUnfinishedCopy(session))
      throw new DatabaseStartError(
        'DATABASE_URL: the database contains an unfinished copy of another one. Run migrate --from … --to … again until it completes.',
      )
  })
  if (listenUrl !== url) await checkListenUrl(listenUrl, url)
  onOpen?.(opened)
  return createPostgresStore({ url, listenUrl, connections, ...rest })
}

/**
 * Migrates the schema and resolves with the number of migrations that ran. Rejects as `openPostgresStore` does, but always with the
 * reason in the message, and not because of an unfinished copy.
 */
export async function migratePostgres(url: string): Promise<number> {
  return (await withReason(prepareDatabase(url))).migrations
}

/**
 * Copies another database into this one, which must be empty or contain an unfinished copy. Resolves with the number of rows.
 * Rejects as `migratePostgres` does.
 */
export async function copyIntoPostgres(
  url: string,
  copy: (target: CopyTarget) => Promise<number>,
): Promise<number> {
  let rows = 0
  const work = async (session: Session) => {
    rows = await copy(createCopyTarget(session))
  }
  await withReason(prepareDatabase(url, work, '--to'))
  return rows
}

/** Adds the cause to the message of a `TrackerError`, because a command shows only the message. */
async function withReason<T>(result: Promise<T>): Promise<T> {
  try {
    return await result
  } catch (error) {
    if (!(error instanceof TrackerError)) throw error
    const { code, message, cause } = error
    throw new TrackerError(code, `${message}: ${errorMessage(cause)}`, { cause })
  }
}

/** Partitions are dropped through `listenUrl`: if it led to another database, that database would lose its bodies. */
async function checkListenUrl(listenUrl: string, url: string): Promise<void> {
  const setting = 'DATABASE_LISTEN_URL'
  const expected = await readIdentity(url, 'DATABASE_URL')
  if ((await readIdentity(listenUrl, setting)) === expected) return
  throw new DatabaseStartError(`${setting}: this is not the database of DATABASE_URL.`)
}

const READ_IDENTITY = prepared(
  `SELECT concat_ws(' ', extract(epoch FROM pg_postmaster_start_time()), oid) FROM pg_database WHERE datname = current_database()`,
)

/** Differs between servers, between starts of a server, and between its databases. */
async function readIdentity(url: string, setting: string): Promise<string> {
  const pool = createPool(url, 1)
  try {
    const [[identity] = ['']] = await pool.use((session) => session.rows<[string]>(READ_IDENTITY))
    return identity
  } catch (cause) {
    throw startError(cause, setting)
  } finally {
    await pool.close()
  }
}

/**
 * Checks and migrates the database, and then does `work` on the same connection. `setting`: the variable or option with the
 * address, for messages.
 */
async function prepareDatabase(
  url: string,
  work: (session: Session) => Promise<void> = async () => {},
  setting = 'DATABASE_URL',
): Promise<{ migrations: number; serverVersion: string }> {
  // A migration, or part of a copy, may take long.
  const pool = createPool(url, 1, { queryTimeoutMs: 0 })
  try {
    return await pool.use(async (session) => {
      const serverVersion = await checkServer(session, setting)
      const migrations = await migrateSchema(session, setting)
      await work(session)
      return { migrations, serverVersion }
    })
  } catch (cause) {
    throw startError(cause, setting)
  } finally {
    await pool.close()
  }
}

/**
 * Migrates the schema and creates the partitions of the next days, in one transaction that is limited to one process at a time.
 * Resolves with the number of migrations that ran. Rejects with the errors that `runMigrations` throws.
 */
async function migrateSchema(session: Session, setting: string): Promise<number> {
  await session.execute(BEGIN_LOCKED)
  const migrations = await runAsync(
    runMigrations({
      ...createStatements(session),
      dialect: 'postgres',
      name: `${setting}: the database`,
      execute: (sql) => session.execute(sql),
    }),
  )
  await createPartitions(session)
  await session.execute('COMMIT')
  return migrations
}

const READ_VERSION = prepared(
  `SELECT current_setting('server_version_num')::int, current_setting('server_version'), current_setting('server_encoding')`,
)

async function checkServer(session: Session, setting: string): Promise<string> {
  const [[number, version, encoding] = [0, '', '']] =
    await session.rows<[number, string, string]>(READ_VERSION)
  if (number < MIN_VERSION)
    throw new DatabaseStartError(
      `${setting}: the server is PostgreSQL ${version}. Use PostgreSQL 14 or later.`,
    )
  if (encoding !== 'UTF8')
    throw new DatabaseStartError(`${setting}: the database has the encoding ${encoding}. Use one with UTF8.`)
  return version
}

/**
 * The classes of PostgreSQL's errors that waiting does not fix: a wrong login (28), database (3D) or schema (3F), a missing
 * permission or an invalid statement (42), an unsupported feature (0A), an invalid value (22).
 */
const FINAL_CODES = /^(28|3D|3F|42|0A|22)/

function startError(cause: unknown, setting: string): unknown {
  if (cause instanceof DatabaseStartError) return cause
  const reason = errorMessage(cause)
  const message = `${setting}: the database cannot be used`
  // A TLS error, such as an invalid certificate, is final, and so is any error that `storeError` does not turn into
  // `store_unavailable`, such as a missing password. A host that can't be found is not final: its name may resolve later.
  const isFinal =
    FINAL_CODES.test(codeOf(cause) ?? '') ||
    (cause instanceof Error && isTlsError(cause)) ||
    !(storeError(cause) instanceof TrackerError)
  if (isFinal) return new DatabaseStartError(`${message}: ${reason}`, { cause })
  // Without the reason, because the log appends the message of the cause.
  return new TrackerError('store_unavailable', message, { cause })
}
