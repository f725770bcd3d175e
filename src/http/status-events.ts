import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { ReaderCredential, Subject } from '../tracking/status/authorize-reader.ts'
import type { FollowedStatus, Follower } from '../tracking/status/status-feed.ts'
import type { WaitingLimit } from '../tracking/status/waiting-limit.ts'
import type { AppContext } from './app-env.ts'
import { onResponseEnd } from './closed-signal.ts'
import { lastEventId } from './status-conditions.ts'
import type { Heartbeats } from './status-heartbeats.ts'
import { notFound } from './status-responses.ts'
import { streamStatus } from './status-stream.ts'

const MEDIA_TYPE = 'text/event-stream'

/** The responses of a route that streams events. */
export const eventResponses = { 200: { mediaType: MEDIA_TYPE }, 204: null } as const

const HEADERS = {
  'Content-Type': MEDIA_TYPE,
  'Cache-Control': 'no-cache',
  // Otherwise nginx buffers the events.
  'X-Accel-Buffering': 'no',
}

export type EventsDeps = { heartbeats: Heartbeats; subject: Subject; waitingLimit: WaitingLimit }

/** Responds with a stream of status events, or with 204, which makes an `EventSource` stop. */
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
  switch (followed.what) {
    case 'unknown':
      throw notFound(subject)
    case 'nothing new':
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

/**
 * Makes the adapter leave Node's response alone. It recognizes only this very object, so the response that middleware prepared
 * is dropped first: Hono would merge both into a new one, and the adapter would send that too. For the same reason no
 * middleware around this route may set a header after `next()`.
 */
function alreadySent(c: AppContext): Response {
  c.res = undefined
  c.res = RESPONSE_ALREADY_SENT
  return RESPONSE_ALREADY_SENT
}
