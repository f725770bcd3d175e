import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { clientConfig } from './pool.ts'

export type Listening = {
  /** Rejects while there is no connection. */
  rows: <Cells extends unknown[]>(sql: string, params?: readonly unknown[]) => Promise<Cells[]>
  close: () => Promise<void>
}

const RECONNECT_MS = 250

/** A connection of its own that listens on a channel, and is made again as often as it breaks. */
export function keepListening(
  url: string,
  options: {
    channel: string
    applicationName: string
    onNotification: (payload: string, from: 'itself' | 'another') => void
    /** What was notified before this is not known. */
    onConnect: () => void
  },
): Listening {
  const { channel, applicationName, onNotification, onConnect } = options
  let client: pg.Client | undefined
  let isClosed = false

  const connect = async (): Promise<void> => {
    const opening = new pg.Client({ ...clientConfig(url), application_name: applicationName })
    let own: number | undefined
    opening.on('notification', ({ payload = '', processId }) =>
      onNotification(payload, processId === own ? 'itself' : 'another'),
    )
    // It ends after each error.
    opening.on('error', () => {})
    const ended = new Promise<void>((resolve) => opening.once('end', resolve))
    try {
      await opening.connect()
      const { rows } = await opening.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      own = rows[0]?.pid
      await opening.query(`LISTEN ${channel}`)
      client = opening
      onConnect()
      // Whoever closed it while it was being made has ended nothing.
      if (!isClosed) await ended
    } finally {
      client = undefined
      await opening.end().catch(() => {})
    }
  }
  const connected = (async () => {
    while (!isClosed) {
      await connect().catch(() => {})
      if (!isClosed) await pause(RECONNECT_MS)
    }
  })()
  return {
    async rows<Cells extends unknown[]>(sql: string, params: readonly unknown[] = []) {
      const listener = client
      if (listener === undefined) throw new Error('nothing listens at the moment')
      try {
        return (await listener.query<Cells>({ text: sql, values: [...params], rowMode: 'array' })).rows
      } catch (error) {
        // One that does not answer would stay for ever.
        void listener.end().catch(() => {})
        throw error
      }
    },
    async close() {
      isClosed = true
      await client?.end().catch(() => {})
      await connected
    },
  }
}
