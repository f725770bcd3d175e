import type { IncomingMessage } from 'node:http'
import { TrackerError } from '../domain/errors.ts'
import type { StatusUrls } from '../tracking/links.ts'
import type { Subject } from '../tracking/status/authorize-reader.ts'
import type { StatusSnapshot } from '../tracking/status/status-snapshot.ts'
import type { PlainResponse } from './response.ts'

/** Whether the caller already has this version of a status. */
type IsKnown = (version: string) => boolean

/** A strong ETag. It contains no commas or inner quotes. */
function etagOf(version: string): string {
  return `"${version}"`
}

/**
 * Reads `If-None-Match`, which is compared weakly (RFC 9110 §13.1.2); undefined without that header. No list parser is needed: the
 * list has one of our ETags exactly when the header contains its text.
 */
export function ifNoneMatch({ headers }: IncomingMessage): IsKnown | undefined {
  const header = headers['if-none-match']
  if (header === undefined) return undefined
  if (header.trim() === '*') return () => true
  return (version) => header.includes(etagOf(version))
}

/** Reads `Last-Event-ID`. The id of an event is the status's ETag, whose quotes some clients drop. */
export function lastEventId({ headers }: IncomingMessage): IsKnown {
  const header = headers['last-event-id']
  return (version) => header === version || header === etagOf(version)
}

/** A server-sent event. */
export function eventText({ version, body }: StatusSnapshot): string {
  return `event: status\nid: ${etagOf(version)}\ndata: ${body}\n\n`
}

const JSON_TYPE = ['Content-Type', 'application/json']

const NO_CACHE = ['Cache-Control', 'no-cache']

const NO_CACHE_RETRY_LATER = [...NO_CACHE, 'Retry-After', '5']

export function statusResponse(
  snapshot: StatusSnapshot | undefined,
  isKnown: IsKnown | undefined,
  subject: Subject,
): PlainResponse {
  if (snapshot === undefined) throw notFound(subject)
  const { version, body, isPending } = snapshot
  const headers = ['ETag', etagOf(version), ...(isPending ? NO_CACHE_RETRY_LATER : NO_CACHE)]
  if (isKnown?.(version)) return { status: 304, headers, body: null }
  return { status: 200, headers: [...JSON_TYPE, ...headers], body }
}

/** The status of an asset, with its status and events URLs in the body and in `Link`. */
export function linkedStatusResponse(snapshot: StatusSnapshot | undefined, urls: StatusUrls): PlainResponse {
  if (snapshot === undefined) throw notFound('asset')
  const body = `${snapshot.body.slice(0, -1)},${JSON.stringify(urls).slice(1)}`
  const { headers, ...response } = statusResponse({ ...snapshot, body }, undefined, 'asset')
  return { ...response, headers: [...headers, 'Link', linkValue(urls)] }
}

/** Joins the serialised statuses without parsing them. */
export function statusesResponse(
  requested: readonly { fileId: string; snapshot: StatusSnapshot | undefined }[],
): PlainResponse {
  const bodies = requested.flatMap(({ snapshot }) => (snapshot === undefined ? [] : [snapshot.body]))
  const unknownIds = requested.flatMap(({ fileId, snapshot }) => (snapshot === undefined ? [fileId] : []))
  const body = `{"assets":[${bodies.join(',')}],"notFound":${JSON.stringify(unknownIds)}}`
  return { status: 200, headers: [...JSON_TYPE, ...NO_CACHE], body }
}

export function notFound(subject: Subject): TrackerError {
  return new TrackerError('not_found', NOT_FOUND[subject])
}

const NOT_FOUND = {
  asset: 'Unknown fileId: no submission names it, or all that do were rejected.',
  submission: 'There is no submission with this id.',
} as const satisfies Record<Subject, string>

/** The value of a `Link` header. */
export function linkValue({ statusUrl, eventsUrl }: StatusUrls): string {
  return `<${statusUrl}>; rel="status", <${eventsUrl}>; rel="events"`
}
