import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { errorMessage } from '../../domain/errors.ts'
import { clientConfig } from './pool.ts'

export type Listening = {
  /** Runs a statement. Rejects if there is no connection; rejects and reconnects if the statement fails or gets no response in time. */
  run: (sql: string, params?: readonly unknown[]) => Promise<void>
  /** Why there is no connection; undefined if there is one. */
  fault: () => string | undefined
  close: () => Promise<void>
}

const RECONNECT_AFTER_MS = 250
const RESPONSE_TIMEOUT_MS = 1_000

/** A separate connection that listens on a channel, and reconnects whenever it breaks. */
export function keepListening(
  url: string,
  options: {
    channel: string
    applicationName: string
    /** Called for each notification that another connection sends. */
    onNotification: (payload: string) => void
  },
): Listening {
  const { channel, applicationName, onNotification } = options
  let client: pg.Client | undefined
  let isClosed = false
  let fault: string | undefined = 'the connection is being made'

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
    // Without a listener, an error would end the process. After each error the client ends, so `ended` resolves.
    opening.on('error', () => {})
    const ended = new Promise<void>((resolve) => opening.once('end', resolve))
    try {
      await opening.connect()
      const { rows } = await opening.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      ownProcessId = rows[0]?.pid
      await opening.query(`LISTEN ${channel}`)
      client = opening
      fault = undefined
      // If `close` was called before `client` was set, it could not end this client.
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
      if (!isClosed) await pause(RECONNECT_AFTER_MS)
    }
  })()
  return {
    async run(sql, params = []) {
      const listener = client
      if (listener === undefined) throw new Error('there is no listening connection')
      try {
        await listener.query(sql, [...params])
      } catch (error) {
        // Otherwise a connection that does not respond would never be closed.
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
