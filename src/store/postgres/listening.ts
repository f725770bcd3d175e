import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { errorMessage } from '../../domain/errors.ts'
import { clientConfig } from './pool.ts'

export type Listening = {
  /** Rejects while there is no connection. Closes a connection that does not respond in time. */
  run: (sql: string, params?: readonly unknown[]) => Promise<void>
  /** Why there is no connection; undefined if there is one. */
  fault: () => string | undefined
  close: () => Promise<void>
}

const RECONNECT_MS = 250
const RESPONSE_TIMEOUT_MS = 1_000

/** A separate connection that listens on a channel, and reconnects whenever it breaks. */
export function keepListening(
  url: string,
  options: {
    channel: string
    applicationName: string
    /** For notifications of other connections. */
    onNotification: (payload: string) => void
  },
): Listening {
  const { channel, applicationName, onNotification } = options
  let client: pg.Client | undefined
  let isClosed = false
  let fault: string | undefined = 'it is connecting'

  const connect = async (): Promise<void> => {
    const opening = new pg.Client({
      ...clientConfig(url),
      application_name: applicationName,
      query_timeout: RESPONSE_TIMEOUT_MS,
      pipeline: true,
    })
    let ownProcessId: number | undefined
    opening.on('notification', ({ payload = '', processId }) => {
      if (processId !== ownProcessId) onNotification(payload)
    })
    // The client ends after each error, and `ended` resolves.
    opening.on('error', () => {})
    const ended = new Promise<void>((resolve) => opening.once('end', resolve))
    try {
      await opening.connect()
      const { rows } = await opening.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      ownProcessId = rows[0]?.pid
      await opening.query(`LISTEN ${channel}`)
      client = opening
      fault = undefined
      // If `close` was called while this was connecting, it had no client to end.
      if (!isClosed) await ended
      fault = 'the connection was lost'
    } finally {
      client = undefined
      await opening.end().catch(() => {})
    }
  }
  const connected = (async () => {
    while (!isClosed) {
      await connect().catch((error: unknown) => {
        fault = errorMessage(error)
      })
      if (!isClosed) await pause(RECONNECT_MS)
    }
  })()
  return {
    async run(sql, params = []) {
      const listener = client
      if (listener === undefined) throw new Error('nothing listens at the moment')
      try {
        await listener.query(sql, [...params])
      } catch (error) {
        // A connection that does not respond would never be closed otherwise.
        void listener.end().catch(() => {})
        throw error
      }
    },
    fault: () => fault,
    async close() {
      isClosed = true
      await client?.end().catch(() => {})
      await connected
    },
  }
}
