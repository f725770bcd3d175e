import pg from 'pg'
import { createBreaker } from './breaker.ts'
import { type Prepared, toValue } from './prepared.ts'
import { codeOf, isPoolBusy, isSilence } from './store-error.ts'

/** One connection, taken from a pool for one transaction or one read. Queries are sent at once and answered in their order. */
export type Session = {
  /** The rows as arrays of cells. */
  rows: <Cells>(query: Prepared, params?: readonly unknown[]) => Promise<Cells[]>
  /** Statements without parameters. Resolves with the command tag of the last one, such as `COMMIT`. */
  execute: (sql: string) => Promise<string>
}

export type Pool = {
  /** Rejects as connecting does. If `work` rejects, or the connection breaks meanwhile, it is not used again. */
  use: <T>(work: (session: Session) => Promise<T>) => Promise<T>
  /** What `use` rejects with at once, while the server cannot be reached; else undefined. */
  fault: () => unknown
  close: () => Promise<void>
}

/** To connect, and to wait for a connection of the pool. */
const CONNECT_TIMEOUT_MS = 4_000
/** How long the pool stays at its present size after the server has refused it another connection. */
const SMALLER_FOR_MS = 5_000
/** Longer than the server lets any statement take: whoever waits for more has a connection that hangs. */
const QUERY_TIMEOUT_MS = 8_000
/** The types of `pg` do not know that a query may have a limit of its own. */
const CHECK: pg.QueryConfig & { query_timeout: number } = {
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

/** Of a connection in a pool, or one that listens. */
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
      // Meanwhile, the pool does not listen to it.
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
        // A connection that was idle may lead nowhere.
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
  /** A server that has no connection left for us is not away: while there are others, one of them is waited for. */
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
  // An idle connection broke: it is out of the pool already, and the next use makes another.
  pool.on('error', ignore)
  return {
    async use(work) {
      const client = await breaker.run(connect)
      let isBroken = false
      const note = () => {
        isBroken = true
      }
      client.on('error', note)
      try {
        return await work(sessionFor(client))
      } catch (error) {
        isBroken = true
        throw error
      } finally {
        client.off('error', note)
        client.release(isBroken)
      }
    },
    fault: breaker.fault,
    async close() {
      breaker.close()
      await pool.end()
    },
  }
}

/** Whoever waits for the connection gets the error, too. */
function ignore(): void {}

/** After a failover, an address may still lead to a server that only reads. */
async function checkServer(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ pg_is_in_recovery: boolean }>(CHECK)
  if (rows[0]?.pg_is_in_recovery === true)
    throw new Error('the server is a standby, which cannot be written to')
}

/** `onSilence`: a query was not answered in time, so the connection was given up. */
function sessionOf(client: pg.ClientBase, onSilence: (error: unknown) => void): Session {
  const noteSilence = (error: unknown): never => {
    if (isSilence(error)) onSilence(error)
    throw error
  }
  return {
    async rows<Cells>({ name, text }: Prepared, params: readonly unknown[] = []) {
      const values = params.map(toValue)
      const { rows } = await client.query({ name, text, values, rowMode: 'array' }).catch(noteSilence)
      // Each statement selects what its caller says.
      return rows as Cells[]
    },
    async execute(sql) {
      const result: pg.QueryResult | pg.QueryResult[] = await client.query(sql).catch(noteSilence)
      return (Array.isArray(result) ? result.at(-1) : result)?.command ?? ''
    },
  }
}
