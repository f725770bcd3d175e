import { TrackerError } from '../domain/errors.ts'
import type { ReaderCredential } from './admit-reader.ts'

/** How many requests may wait for a change, or stream changes, at the same time. */
export type WaitingLimits = {
  total: number
  /** With the same token. A key belongs to a backend, which may wait for many assets: only `total` limits it. */
  perToken: number
  /** Sent ahead on the same connection, each behind the response to the one before. */
  perConnection: number
}

/** A request that wants to wait. `onEnd` calls its argument once the request is over, also at once. */
type WaitingRequest = {
  credential: ReaderCredential
  connection: { destroy(): void }
  onEnd: (leave: () => void) => void
}

export type WaitingLimit = {
  /** Counts the request until it is over. Throws `overloaded` beyond a limit. */
  enter(request: WaitingRequest): void
}

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
    throw new TrackerError('overloaded', `${detail} Try again later, or ask without waiting.`)
  }

  return {
    enter({ credential, connection, onEnd }) {
      if ((connections.get(connection) ?? 0) >= perConnection) {
        // A response would have to wait for all before it, and each costs as much to reject as to serve.
        connection.destroy()
        reject('waiting on one connection', 'Too many requests wait on this connection.')
      }
      // Rejected ones count here, too: they cost no less.
      add(connections, connection, 1)
      onEnd(() => add(connections, connection, -1))
      const token = credential.by === 'token' ? credential.token : undefined
      if (token !== undefined && (tokens.get(token) ?? 0) >= perToken)
        reject('waiting with one token', `${perToken} requests already wait with this token.`)
      if (waiting >= total) reject('waiting', 'Too many requests wait for a change.')

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
