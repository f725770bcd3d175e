import { createPool, type Pool, type Session } from './pool.ts'
import { prepared } from './prepared.ts'
import { isTimedOut } from './store-error.ts'

/* The bodies of deliveries have one partition per day, so that old days are dropped instead of deleted row by row. */

/** How many days ahead partitions exist, so that bodies can be written even if no process creates new ones. */
const DAYS_AHEAD = 21

const DAY_MS = 86_400_000

/**
 * Begins a transaction in which only one process at a time changes the schema. READ COMMITTED, whatever the database's default is:
 * after waiting for the lock, the transaction must see what the previous process committed.
 */
export const BEGIN_LOCKED = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
  SELECT pg_advisory_xact_lock(hashtextextended('imagekit-extension-tracker schema', 0))`

const TODAY = prepared(`SELECT (extract(epoch FROM (now() AT TIME ZONE 'UTC')::date) * 1000)::bigint`)

type State = 'attached' | 'detaching' | 'detached'

/** Includes partitions whose detach was interrupted, and those that were detached but not dropped. */
const LIST_PARTITIONS = prepared(
  `SELECT c.relname, CASE WHEN i.inhrelid IS NULL THEN 'detached' WHEN i.inhdetachpending THEN 'detaching' ELSE 'attached' END
    FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
    WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'delivery_bodies'::regclass)
      AND c.relkind = 'r' AND c.relname ~ '^delivery_bodies_[0-9]{8}$' ORDER BY c.relname`,
)

/** Creates the missing partitions of today and the next three weeks. Call it in a transaction begun with `BEGIN_LOCKED`. */
export async function createPartitions(session: Session): Promise<void> {
  const today = await findToday(session)
  await createPartitionsOf(
    session,
    Array.from({ length: DAYS_AHEAD + 1 }, (_, ahead) => today + ahead * DAY_MS),
  )
}

/** Creates the missing partitions of certain days, each given as its start time. Call it in a transaction begun with `BEGIN_LOCKED`. */
export async function createPartitionsOf(session: Session, days: readonly number[]): Promise<void> {
  const existing = new Set((await listPartitions(session)).map(({ name }) => name))
  for (const day of days) {
    if (existing.has(nameOf(day))) continue
    // CREATE … PARTITION OF would briefly block all reads and writes of bodies.
    await session.execute(`CREATE TABLE ${nameOf(day)} (LIKE delivery_bodies INCLUDING DEFAULTS);
      ALTER TABLE delivery_bodies ATTACH PARTITION ${nameOf(day)} FOR VALUES FROM ('${dateOf(day)}') TO ('${dateOf(day + DAY_MS)}')`)
  }
}

/** Runs `createPartitions` in its own transaction. */
export function addPartitions(pool: Pool): Promise<void> {
  return pool.use(async (session) => {
    await session.execute(BEGIN_LOCKED)
    await createPartitions(session)
    await session.execute('COMMIT')
  })
}

/**
 * Drops the partitions of days that ended before a time, but never today's. Resolves with the time before which the remaining
 * bodies should be deleted one by one: the given time, or the start of its day if that day is past and its partition will be dropped
 * later. Also creates the missing partitions of the next days, if the last of them is missing. Blocks no read or write of bodies, and
 * may be interrupted anywhere. `directUrl` leads to the server itself, not to a pooler.
 */
export async function dropPartitions(
  { pool, directUrl }: { pool: Pool; directUrl: string },
  before: number,
): Promise<number> {
  const [today, partitions] = await pool.use((session) =>
    Promise.all([findToday(session), listPartitions(session)]),
  )
  const end = before - (((before % DAY_MS) + DAY_MS) % DAY_MS)
  const due = partitions.filter(({ day }) => day + DAY_MS <= Math.min(end, today))
  if (due.length > 0) await dropAll(directUrl, due)
  const last = Math.max(...partitions.map(({ day }) => day))
  if (last < today + DAYS_AHEAD * DAY_MS) await addPartitions(pool)
  return end < today && partitions.some(({ day }) => day === end) ? end : before
}

/**
 * Detaching waits for every transaction that has used the table. After a timeout, the remaining partitions are dropped the next
 * time.
 */
async function dropAll(url: string, partitions: readonly Partition[]): Promise<void> {
  const pool = createPool(url, 1)
  try {
    await pool.use(async (session) => {
      await session.execute(`SET statement_timeout = '5s'`)
      for (const { name, day, state } of partitions) {
        // Clears the copies of upload events, as `pruneBodies` does, which would not find them once their bodies are gone.
        await session.execute(
          `UPDATE deliveries SET request_id = NULL, unclaimed = NULL WHERE request_id IS NOT NULL AND inserted_on = '${dateOf(day)}'`,
        )
        const how = state === 'detaching' ? 'FINALIZE' : 'CONCURRENTLY'
        if (state !== 'detached')
          await session.execute(`ALTER TABLE delivery_bodies DETACH PARTITION ${name} ${how}`)
        await session.execute(`DROP TABLE ${name}`)
      }
      // In case the address leads to a pooler after all: it would pass the setting on with the connection.
      await session.execute('RESET statement_timeout')
    })
  } catch (error) {
    if (!isTimedOut(error)) throw error
  } finally {
    await pool.close()
  }
}

/** The start of today in UTC, by the server's clock. */
async function findToday(session: Session): Promise<number> {
  const [[today] = [0]] = await session.rows<[number]>(TODAY)
  return today
}

type Partition = { name: string; day: number; state: State }

async function listPartitions(session: Session): Promise<Partition[]> {
  const found = await session.rows<[name: string, state: State]>(LIST_PARTITIONS)
  return found.map(([name, state]) => ({
    name,
    state,
    day: Date.parse(name.replace(/.*(....)(..)(..)$/, '$1-$2-$3')),
  }))
}

function nameOf(day: number): string {
  return `delivery_bodies_${dateOf(day).replaceAll('-', '')}`
}

function dateOf(day: number): string {
  return new Date(day).toISOString().slice(0, 10)
}
