import { TrackerError } from '../domain/errors.ts'
import type { Subject } from '../tracking/admit-reader.ts'
import { linkValue, type StatusUrls } from '../tracking/links.ts'
import type { StatusSnapshot } from '../tracking/status-snapshot.ts'
import type { PlainAnswer } from './plain-answer.ts'
import type { IsKnown } from './status-conditions.ts'

const TYPE = ['Content-Type', 'application/json']

const CONDITIONS = ['Cache-Control', 'no-cache']

const CONDITIONS_WHILE_PENDING = [...CONDITIONS, 'Retry-After', '5']

export function answerStatus(
  snapshot: StatusSnapshot | undefined,
  isKnown: IsKnown | undefined,
  subject: Subject,
): PlainAnswer {
  if (snapshot === undefined) throw notFound(subject)
  const { etag, body, isPending } = snapshot
  const headers = ['ETag', etag, ...(isPending ? CONDITIONS_WHILE_PENDING : CONDITIONS)]
  if (isKnown?.(etag)) return { status: 304, headers, body: null }
  return { status: 200, headers: [...TYPE, ...headers], body }
}

/** The status, with the addresses that open it from now on. */
export function answerLinkedStatus(snapshot: StatusSnapshot | undefined, urls: StatusUrls): PlainAnswer {
  if (snapshot === undefined) throw notFound('asset')
  const body = `${snapshot.body.slice(0, -1)},${JSON.stringify(urls).slice(1)}`
  const { headers, ...answer } = answerStatus({ ...snapshot, body }, undefined, 'asset')
  return { ...answer, headers: [...headers, 'Link', linkValue(urls)] }
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

export function notFound(subject: Subject): TrackerError {
  return new TrackerError('not_found', NOT_FOUND[subject])
}

const NOT_FOUND = {
  asset: 'Nothing is known of this fileId: no submission spoke of it, or all that did were refused.',
  submission: 'There is no submission with this id.',
} as const satisfies Record<Subject, string>
