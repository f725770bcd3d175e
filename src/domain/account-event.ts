import type { UploadResponse } from './upload-response.ts'

/**
 * An account webhook's event. `asset`: a file has changed, perhaps because of an extension, or is gone. `upload_finished`: the
 * result of a queued upload, identified by ImageKit's request id. `other`: any other event, which is only stored, but may name a
 * file. `type` is null if the payload has none, `eventId` if neither the payload nor the signed headers have one.
 */
export type AccountEvent =
  | { kind: 'asset'; eventId: string | null; type: string; fileId: string }
  | {
      kind: 'upload_finished'
      eventId: string | null
      type: string
      requestId: string
      response: UploadResponse & { kind: 'accepted' | 'rejected' }
    }
  | { kind: 'other'; eventId: string | null; type: string | null; fileId?: string }

/** The file that an event names; null if it names none. */
export function namedFile(event: AccountEvent): string | null {
  switch (event.kind) {
    case 'asset':
      return event.fileId
    case 'upload_finished':
      return event.response.kind === 'accepted' ? event.response.fileId : null
    case 'other':
      return event.fileId ?? null
  }
}
