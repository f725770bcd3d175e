import type { IncomingMessage } from 'node:http'

/** Whether the caller has the state of this ETag already. */
export type IsKnown = (etag: string) => boolean

/**
 * From `If-None-Match`, compared weakly (RFC 9110 §13.1.2); undefined where there is none. No list parser is needed:
 * our ETags hold neither commas nor quotes within, so that one is in the list exactly if its text is.
 */
export function ifNoneMatch({ headers }: IncomingMessage): IsKnown | undefined {
  const header = headers['if-none-match']
  if (header === undefined) return undefined
  if (header.trim() === '*') return () => true
  return (etag) => header.includes(etag)
}

/** From `Last-Event-ID`: an event's id is the ETag; clients that drop its quotes are understood. */
export function lastEventId({ headers }: IncomingMessage): IsKnown {
  const header = headers['last-event-id']
  if (typeof header !== 'string') return () => false
  return (etag) => header === etag || `"${header}"` === etag
}
