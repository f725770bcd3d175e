import { TrackerError } from '../../domain/errors.ts'
import type { ReaderCredential } from './authorize-reader.ts'

/** The maximum numbers of requests that wait for a change, or stream changes, at the same time. */
export type WaitingLimits = {
  total: number
  /** With the same token. A key has no limit of its own, because it belongs to a backend, which may wait for many assets. */
  perToken: number
  /** Pipelined on the same connection, where each response waits for the one before. */
  perConnection: number
}

/** A request that is going to wait. `onEnd` calls its argument once the request is over; immediately if it already is. */
type WaitingRequest = {
  credential: ReaderCredential
  connection: { destroy(): void }
  onEnd: (leave: () => void) => void
}

export type WaitingLimit = {
  /** Counts the request until it is over. Throws `overloaded` beyond a limit. */
  enter(request: WaitingRequest): void
}

/** The limits on connections and requests, as the log names them. Those that start with `waiting` are checked here. */
export type ExceededLimit =
  | 'connections'
  | 'waiting'
  | 'waiting with one token'
  | 'waiting on one connection'
  | 'requests on one connection'

export function createWaitingLimit(
  { total, perToken, perConnection }: WaitingLimits,
  noteExceeded: (limit: ExceededLimit) => void,
): WaitingLimit {
  const tokens = new Map<string, number>()
  const connections = new Map<object, number>()
  let waiting = 0

  const reject = (limit: ExceededLimit, detail: string): never => {
    noteExceeded(limit)
    throw new TrackerError('overloaded', `${detail} Try again later, or request the status without waiting.`)
  }

  return {
    enter({ credential, connection, onEnd }) {
      if ((connections.get(connection) ?? 0) >= perConnection) {
        // An error response would have to wait for all previous responses, and costs as much as serving the request.
        connection.destroy()
        reject('waiting on one connection', 'Too many requests are waiting on this connection.')
      }
      // Requests that are rejected below count here too: they occupy the connection as well.
      add(connections, connection, 1)
      onEnd(() => add(connections, connection, -1))
      const token = credential.by === 'token' ? credential.token : undefined
      if (token !== undefined && (tokens.get(token) ?? 0) >= perToken)
        reject('waiting with one token', `${perToken} requests are already waiting with this token.`)
      if (waiting >= total) reject('waiting', 'Too many requests are waiting for a change.')

      waiting += 1
      if (token !== undefined) add(tokens, token, 1)
      onEnd(() => {
        waiting -= 1
        if (token !== undefined) add(tokens, token, -1)
      })
    },
  }
}

function add<Key>(counts: Map<Key, number>, key: Key, change: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + change
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}
