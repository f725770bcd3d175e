import type { ServerResponse } from 'node:http'
import type { StatusFeed } from '../tracking/status/status-feed.ts'
import type { StatusSnapshot } from '../tracking/status/status-snapshot.ts'
import type { Heartbeats } from './status-heartbeats.ts'

/** A comment in server-sent events. */
const HEARTBEAT = ':\n\n'

/**
 * Writes a feed to a client as server-sent events. While a client does not read, only the current event is buffered and no
 * heartbeats are sent; once it reads again, it gets the newest state.
 * Returns a function that writes the feed's newest state and ends the stream when the feed is over.
 */
export function streamStatus(outgoing: ServerResponse, feed: StatusFeed, heartbeats: Heartbeats): () => void {
  const flush = (): void => {
    if (outgoing.writableNeedDrain || outgoing.writableEnded) return
    const snapshot = feed.take()
    if (snapshot !== undefined) outgoing.write(eventText(snapshot))
    if (feed.isOver()) outgoing.end()
  }
  const leaveHeartbeats = heartbeats.join(() => {
    if (!outgoing.writableNeedDrain && !outgoing.writableEnded) outgoing.write(HEARTBEAT)
  })
  outgoing.on('drain', flush)
  outgoing.once('close', () => {
    leaveHeartbeats()
    feed.leave()
  })
  return flush
}

function eventText({ etag, body }: StatusSnapshot): string {
  return `event: status\nid: ${etag}\ndata: ${body}\n\n`
}
