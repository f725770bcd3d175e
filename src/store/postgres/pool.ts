import pg from 'pg'
import { createBreaker } from './breaker.ts'
import { type Prepared, withoutNul } from './prepared.ts'
import { codeOf, isPoolBusy, isQueryTimeout } from './store-error.ts'

/** A connection of a pool, for one user at a time. Queries are pipelined and complete in order. */
export type Session = {
  /** The rows as arrays of cells. */
  rows: <Cells>(query: Prepared, params?: readonly unknown[]) => Promise<Cells[]>
  /** Runs statements without parameters. Resolves with the command tag of the last one, such as `COMMIT`. */
  execute: (sql: string) => Promise<string>
}

export type Pool = {
  /** Does `work` on a connection. Rejects if none is available. If `work` rejects or the connection breaks, discards the connection. */
  use: <T>(work: (session: Session) => Promise<T>) => Promise<T>
  /** The error with which `use` rejects at once while the server can't be reached; else undefined. */
  fault: () => unknown
  close: () => Promise<void>
}

/** The limit for connecting, and for waiting for a connection of the pool. */
const CONNECT_TIMEOUT_MS = 4_000
/** How long the pool stays at its reduced size after the server rejected another connection. */
const SMALLER_FOR_MS = 5_000
/**
 * Longer than the server's limits for statements (`LIMITS` in `transactions.ts`). A query that takes longer has no such limit, or
 * its connection is dead.
 */
const QUERY_TIMEOUT_MS = 8_000
/** The types of `pg` lack the timeout of a single query. */
const FIND_IS_STANDBY: pg.QueryConfig & { query_timeout: number } = {
  text: 'SELECT pg_is_in_recovery()',
  query_timeout: 2_000,
}
const IDLE_TIMEOUT_MS = 30_000

const { builtins } = pg.types

/** All numbers are below 2^53. JSON stays text, as it is in SQLite: `store/sql` parses it. */
const PARSERS = new Map<number, (text: string) => unknown>([
  [builtins.INT8, Number],
  [builtins.NUMERIC, Number],
  [builtins.JSON, String],
])

/** For connections of a pool, and for the one that listens. */
export function clientConfig(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'imagekit-extension-tracker',
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        PARSERS.get(oid) ?? pg.types.getTypeParser(oid, format),
    },
  }
}

export function createPool(url: string, size: number, { queryTimeoutMs = QUERY_TIMEOUT_MS } = {}): Pool {
  const pool = new pg.Pool({
    ...clientConfig(url),
    query_timeout: queryTimeoutMs,
    max: size,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    pipeline: true,
    verify(client, done) {
      // During the check, the pool has no error listener on the client.
      client.on('error', ignore)
      void checkServer(client)
        .then(() => done(), done)
        .finally(() => client.off('error', ignore))
    },
  })
  const breaker = createBreaker(
    async () => {
      const client = await pool.connect()
      client.on('error', ignore)
      try {
        // An idle connection may be dead.
        await checkServer(client)
        client.release()
      } catch (error) {
        client.release(true)
        throw error
      } finally {
        client.off('error', ignore)
      }
    },
    (error) => !isPoolBusy(error),
  )
  let inUse = 0
  pool.on('acquire', () => {
    inUse += 1
  })
  pool.on('release', () => {
    inUse -= 1
  })
  let smallerUntil = 0
  /** If the server rejects another connection, the pool's other connections still work: waits for one of them. */
  const connect = async (): Promise<pg.PoolClient> => {
    if (performance.now() >= smallerUntil) pool.options.max = size
    try {
      return await pool.connect()
    } catch (error) {
      const working = inUse + pool.idleCount
      if (working === 0 || codeOf(error) === undefined) throw error
      pool.options.max = working
      smallerUntil = performance.now() + SMALLER_FOR_MS
      return connect()
    }
  }
  const sessions = new WeakMap<pg.ClientBase, Session>()
  const sessionFor = (client: pg.ClientBase): Session => {
    const session = sessions.get(client) ?? sessionOf(client, breaker.open)
    sessions.set(client, session)
    return session
  }
  // An idle connection broke: the pool has already removed it, and opens another when needed.
  pool.on('error', ignore)
  return {
    async use(work) {
      const client = await breaker.run(connect)
      let isBroken = false
      const markBroken = () => {
        isBroken = true
      }
      client.on('error', markBroken)
      try {
        return await work(sessionFor(client))
      } catch (error) {
        isBroken = true
        throw error
      } finally {
        client.off('error', markBroken)
        client.release(isBroken)
      }
    },
    fault: breaker.fault,
    async close() {
      breaker.stop()
      await pool.end()
    },
  }
}

/** Without a listener, an error event would end the process. If the connection is in use, its user gets the error anyway. */
function ignore(): void {}

/** After a failover, an address may still lead to a read-only server. */
async function checkServer(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ pg_is_in_recovery: boolean }>(FIND_IS_STANDBY)
  if (rows[0]?.pg_is_in_recovery === true)
    throw new Error('the server is a standby, which cannot be written to')
}

/** `onTimeout`: called if a query gets no response in time. */
function sessionOf(client: pg.ClientBase, onTimeout: (error: unknown) => void): Session {
  const reportTimeout = (error: unknown): never => {
    if (isQueryTimeout(error)) onTimeout(error)
    throw error
  }
  return {
    async rows<Cells>({ name, text }: Prepared, params: readonly unknown[] = []) {
      const values = params.map(withoutNul)
      const { rows } = await client.query({ name, text, values, rowMode: 'array' }).catch(reportTimeout)
      // Each statement selects the cells that its caller declares.
      return rows as Cells[]
    },
    async execute(sql) {
      const result: pg.QueryResult | pg.QueryResult[] = await client.query(sql).catch(reportTimeout)
      return (Array.isArray(result) ? result.at(-1) : result)?.command ?? ''
    },
  }
}
