import type { UploadResponse } from './upload-response.ts'

/**
 * What ImageKit tells of the whole account. `asset`: a file has changed, which may be an extension's doing, or is gone.
 * `upload_finished`: what became of a queued upload, known by ImageKit's id of the request. Whatever else is `other`, and
 * kept; it may name a file. `eventId` and `type` are null where the payload has none.
 */
export type AccountEvent =
  | { kind: 'asset'; eventId: string | null; type: string; fileId: string }
  | {
      kind: 'upload_finished'
      eventId: string | null
      type: string
      requestId: string
      answer: UploadResponse & { kind: 'accepted' | 'rejected' }
    }
  | { kind: 'other'; eventId: string | null; type: string | null; fileId?: string }

/** The file that an event names; null where it names none. */
export function namedFile(event: AccountEvent): string | null {
  switch (event.kind) {
    case 'asset':
      return event.fileId
    case 'upload_finished':
      return event.answer.kind === 'accepted' ? event.answer.fileId : null
    case 'other':
      return event.fileId ?? null
  }
}
