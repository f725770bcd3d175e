import type { MultipartForm } from './upload/multipart-form.ts'

const MAX_ENTRIES = 1000

/** An upload as received, whether or not it was accepted. An upload whose form cannot be read is not logged. */
export type ReceivedUpload = {
  api: 'v1' | 'v2'
  receivedAt: Date
  parameters: Record<string, string>
  /** The names of all parts, `file` included, in the order received. */
  order: string[]
  /** The bytes of the `file` part as sent, before a base64 text is decoded or a URL downloaded. */
  file: { bytes: number; sha256: string } | null
}

/**
 * An update of file details as received, whether or not it was accepted. An update with an invalid key or fileId is not logged.
 * `body` is the parsed JSON; undefined if it is not JSON.
 */
export type ReceivedUpdate = { fileId: string; receivedAt: Date; body: unknown }

export type RequestLog = ReturnType<typeof createRequestLog>

/** The newest requests, for tests that check what the sandbox received. */
export function createRequestLog() {
  const uploads: ReceivedUpload[] = []
  const updates: ReceivedUpdate[] = []

  return {
    addUpload(api: 'v1' | 'v2', { fields, order, file }: MultipartForm, receivedAt: Date): void {
      const receivedFile = file && { bytes: file.bytes, sha256: file.sha256 }
      append(uploads, { api, receivedAt, parameters: Object.fromEntries(fields), order, file: receivedFile })
    },

    addUpdate(update: ReceivedUpdate): void {
      append(updates, update)
    },

    uploads: (): readonly ReceivedUpload[] => [...uploads],
    updates: (): readonly ReceivedUpdate[] => [...updates],
  }
}

function append<T>(list: T[], item: T): void {
  list.push(item)
  if (list.length > MAX_ENTRIES) list.shift()
}
