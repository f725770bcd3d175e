import { TrackerError } from '../domain/errors.ts'
import { linkValue, type StatusUrls } from '../tracking/links.ts'
import type { Subject } from '../tracking/status/authorize-reader.ts'
import type { StatusSnapshot } from '../tracking/status/status-snapshot.ts'
import type { PlainResponse } from './plain-response.ts'
import type { IsKnown } from './status-conditions.ts'

const JSON_TYPE = ['Content-Type', 'application/json']

const NO_CACHE = ['Cache-Control', 'no-cache']

const NO_CACHE_WHILE_PENDING = [...NO_CACHE, 'Retry-After', '5']

export function statusResponse(
  snapshot: StatusSnapshot | undefined,
  isKnown: IsKnown | undefined,
  subject: Subject,
): PlainResponse {
  if (snapshot === undefined) throw notFound(subject)
  const { etag, body, isPending } = snapshot
  const headers = ['ETag', etag, ...(isPending ? NO_CACHE_WHILE_PENDING : NO_CACHE)]
  if (isKnown?.(etag)) return { status: 304, headers, body: null }
  return { status: 200, headers: [...JSON_TYPE, ...headers], body }
}

/** The status, with the addresses under which it can be read from now on. */
export function linkedStatusResponse(snapshot: StatusSnapshot | undefined, urls: StatusUrls): PlainResponse {
  if (snapshot === undefined) throw notFound('asset')
  const body = `${snapshot.body.slice(0, -1)},${JSON.stringify(urls).slice(1)}`
  const { headers, ...response } = statusResponse({ ...snapshot, body }, undefined, 'asset')
  return { ...response, headers: [...headers, 'Link', linkValue(urls)] }
}

/** Joins the serialized statuses without parsing them. */
export function statusesResponse(
  requested: readonly { fileId: string; snapshot: StatusSnapshot | undefined }[],
): PlainResponse {
  const bodies = requested.flatMap(({ snapshot }) => (snapshot === undefined ? [] : [snapshot.body]))
  const notFound = requested.flatMap(({ fileId, snapshot }) => (snapshot === undefined ? [fileId] : []))
  const body = `{"assets":[${bodies.join(',')}],"notFound":${JSON.stringify(notFound)}}`
  return { status: 200, headers: [...JSON_TYPE, ...NO_CACHE], body }
}

export function notFound(subject: Subject): TrackerError {
  return new TrackerError('not_found', NOT_FOUND[subject])
}

const NOT_FOUND = {
  asset: 'Unknown fileId: no submission names it, or all that do were rejected.',
  submission: 'There is no submission with this id.',
} as const satisfies Record<Subject, string>
