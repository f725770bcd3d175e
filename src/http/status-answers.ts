import { TrackerError } from '../domain/errors.ts'
import type { StatusSnapshot } from '../tracking/status-snapshot.ts'
import type { PlainAnswer } from './plain-answer.ts'
import type { IsKnown } from './status-conditions.ts'

const TYPE = ['Content-Type', 'application/json']

const CONDITIONS = ['Cache-Control', 'no-cache']

const CONDITIONS_WHILE_PENDING = [...CONDITIONS, 'Retry-After', '5']

export function answerStatus(
  snapshot: StatusSnapshot | undefined,
  isKnown: IsKnown | undefined,
): PlainAnswer {
  if (snapshot === undefined) throw assetNotFound()
  const { etag, body, isPending } = snapshot
  const headers = ['ETag', etag, ...(isPending ? CONDITIONS_WHILE_PENDING : CONDITIONS)]
  if (isKnown?.(etag)) return { status: 304, headers, body: null }
  return { status: 200, headers: [...TYPE, ...headers], body }
}

/** The status, with the address that opens it from now on. */
export function answerLinkedStatus(snapshot: StatusSnapshot | undefined, statusUrl: string): PlainAnswer {
  if (snapshot === undefined) throw assetNotFound()
  const body = `${snapshot.body.slice(0, -1)},"statusUrl":${JSON.stringify(statusUrl)}}`
  const { headers, ...answer } = answerStatus({ ...snapshot, body }, undefined)
  return { ...answer, headers: [...headers, 'Link', `<${statusUrl}>; rel="status"`] }
}

/** The serialized answers are put together as they are. */
export function answerStatuses(
  asked: readonly { fileId: string; snapshot: StatusSnapshot | undefined }[],
): PlainAnswer {
  const bodies = asked.flatMap(({ snapshot }) => (snapshot === undefined ? [] : [snapshot.body]))
  const notFound = asked.flatMap(({ fileId, snapshot }) => (snapshot === undefined ? [fileId] : []))
  const body = `{"assets":[${bodies.join(',')}],"notFound":${JSON.stringify(notFound)}}`
  return { status: 200, headers: [...TYPE, ...CONDITIONS], body }
}

export function assetNotFound(): TrackerError {
  return new TrackerError(
    'not_found',
    'Nothing is known of this fileId: no submission spoke of it, or all that did were refused.',
  )
}
