import type { ServerResponse } from 'node:http'
import type { ReaderCredential, Subject } from '../tracking/status/authorize-reader.ts'
import type { FollowedStatus, Follower, StatusFeed } from '../tracking/status/status-feed.ts'
import type { WaitingLimit } from '../tracking/status/waiting-limit.ts'
import type { AppContext } from './request.ts'
import { alreadySent, onResponseEnd } from './response.ts'
import type { Heartbeats } from './status-heartbeats.ts'
import { eventText, lastEventId, notFound } from './status-responses.ts'

const MEDIA_TYPE = 'text/event-stream'

/** The responses of a route that streams events. */
export const eventResponses = { 200: { mediaType: MEDIA_TYPE }, 204: null } as const

const HEADERS = {
  'Content-Type': MEDIA_TYPE,
  // A compressing proxy or middleware, such as that of Express and Next.js, would hold the events back until its buffer is full.
  'Cache-Control': 'no-cache, no-transform',
  // Otherwise nginx buffers the events.
  'X-Accel-Buffering': 'no',
}

export type EventsDeps = { heartbeats: Heartbeats; subject: Subject; waitingLimit: WaitingLimit }

/**
 * Responds with a stream of status events; or, if nothing is pending and the client already has the status, with 204, which makes an
 * `EventSource` stop reconnecting.
 */
export async function respondWithEvents(
  c: AppContext,
  { heartbeats, subject, waitingLimit }: EventsDeps,
  credential: ReaderCredential,
  follow: (follower: Follower) => Promise<FollowedStatus>,
): Promise<Response> {
  const { incoming, outgoing } = c.env
  waitingLimit.enter({ credential, connection: incoming.socket, onEnd: onResponseEnd(outgoing) })
  let wake = (): void => {}
  const followed = await follow({ isKnown: lastEventId(incoming), wake: () => wake() })
  switch (followed.kind) {
    case 'unknown':
      throw notFound(subject)
    case 'up_to_date':
      return c.body(null, 204, { 'Cache-Control': 'no-cache' })
    case 'following': {
      if (c.req.method === 'HEAD' || outgoing.destroyed) {
        followed.feed.leave()
        return c.body(null, 200, HEADERS)
      }
      // Written to Node's response directly: a web stream for each client would double the cost of an open stream.
      outgoing.writeHead(200, { ...Object.fromEntries(c.res.headers), ...HEADERS })
      outgoing.flushHeaders()
      wake = streamStatus(outgoing, followed.feed, heartbeats)
      wake()
      return alreadySent(c)
    }
  }
}

/** A comment in server-sent events. */
const HEARTBEAT = ':\n\n'

/**
 * Writes a feed to a client as server-sent events. Once the buffer of a client that does not read is full, neither events nor
 * heartbeats are added to it; when the client reads again, it gets the newest status.
 * Returns a function that writes the feed's newest status, if it is not written yet, and ends the stream when the feed is over.
 */
function streamStatus(outgoing: ServerResponse, feed: StatusFeed, heartbeats: Heartbeats): () => void {
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
