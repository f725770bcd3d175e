import type { IncomingMessage } from 'node:http'

/** Whether the caller already has the state with this ETag. */
export type IsKnown = (etag: string) => boolean

/**
 * From `If-None-Match`, compared weakly (RFC 9110 §13.1.2); undefined without that header. No list parser is needed: our ETags
 * contain no commas or inner quotes, so the list has an ETag exactly if the header contains its text.
 */
export function ifNoneMatch({ headers }: IncomingMessage): IsKnown | undefined {
  const header = headers['if-none-match']
  if (header === undefined) return undefined
  if (header.trim() === '*') return () => true
  return (etag) => header.includes(etag)
}

/** From `Last-Event-ID`: an event's id is the ETag, with or without its quotes, which some clients drop. */
export function lastEventId({ headers }: IncomingMessage): IsKnown {
  const header = headers['last-event-id']
  if (typeof header !== 'string') return () => false
  return (etag) => header === etag || `"${header}"` === etag
}
