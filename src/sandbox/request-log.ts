import type { MultipartForm } from './upload/multipart-form.ts'

const MOST_REMEMBERED = 1000

/** An upload as it was received, accepted or not. */
export type ReceivedUpload = {
  api: 'v1' | 'v2'
  receivedAt: Date
  parameters: Record<string, string>
  /** The name of every part, `file` included, in the order they came. */
  order: string[]
  /** The bytes of the `file` part itself, before a base64 text or a URL is resolved. */
  file: { bytes: number; sha256: string } | null
}

/** An update of file details as it was received; `body` is the parsed JSON. */
export type ReceivedUpdate = { fileId: string; receivedAt: Date; body: unknown }

export type RequestLog = ReturnType<typeof createRequestLog>

/** The newest requests, for whoever wants to see what really arrived. */
export function createRequestLog() {
  const uploads: ReceivedUpload[] = []
  const updates: ReceivedUpdate[] = []

  return {
    addUpload(api: 'v1' | 'v2', { fields, order, file }: MultipartForm, receivedAt: Date): void {
      const received = file && { bytes: file.bytes, sha256: file.sha256 }
      remember(uploads, { api, receivedAt, parameters: Object.fromEntries(fields), order, file: received })
    },

    addUpdate(update: ReceivedUpdate): void {
      remember(updates, update)
    },

    uploads: (): readonly ReceivedUpload[] => [...uploads],
    updates: (): readonly ReceivedUpdate[] => [...updates],
  }
}

function remember<T>(list: T[], item: T): void {
  list.push(item)
  if (list.length > MOST_REMEMBERED) list.shift()
}
