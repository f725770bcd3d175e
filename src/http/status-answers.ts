import { TrackerError } from '../domain/errors.ts'
import type { StatusSnapshot } from '../tracking/status-snapshot.ts'
import type { AppContext } from './app-env.ts'
import type { IsKnown } from './status-conditions.ts'

const RETRY_AFTER_SECONDS = '5'

export function answerStatus(
  c: AppContext,
  snapshot: StatusSnapshot | undefined,
  isKnown: IsKnown | undefined,
): Response {
  if (snapshot === undefined) throw assetNotFound()
  const headers = {
    ETag: snapshot.etag,
    'Cache-Control': 'no-cache',
    ...(snapshot.isPending && { 'Retry-After': RETRY_AFTER_SECONDS }),
  }
  if (isKnown?.(snapshot.etag)) return c.body(null, 304, headers)
  return c.body(snapshot.body, 200, { 'Content-Type': 'application/json', ...headers })
}

/** The status, with the address that opens it from now on. */
export function answerLinkedStatus(
  c: AppContext,
  snapshot: StatusSnapshot | undefined,
  statusUrl: string,
): Response {
  if (snapshot === undefined) throw assetNotFound()
  c.header('Link', `<${statusUrl}>; rel="status"`)
  const body = `${snapshot.body.slice(0, -1)},"statusUrl":${JSON.stringify(statusUrl)}}`
  return answerStatus(c, { ...snapshot, body }, undefined)
}

/** The serialized answers are put together as they are. */
export function answerStatuses(
  c: AppContext,
  asked: readonly { fileId: string; snapshot: StatusSnapshot | undefined }[],
): Response {
  const bodies = asked.flatMap(({ snapshot }) => (snapshot === undefined ? [] : [snapshot.body]))
  const notFound = asked.flatMap(({ fileId, snapshot }) => (snapshot === undefined ? [fileId] : []))
  const body = `{"assets":[${bodies.join(',')}],"notFound":${JSON.stringify(notFound)}}`
  return c.body(body, 200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache' })
}

export function assetNotFound(): TrackerError {
  return new TrackerError(
    'not_found',
    'Nothing is known of this fileId: no submission spoke of it, or all that did were refused.',
  )
}
