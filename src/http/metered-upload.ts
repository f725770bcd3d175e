import { PROBLEMS } from '../contract/problems.ts'
import { TrackerError } from '../domain/errors.ts'
import type { StoredResponse } from '../domain/idempotency.ts'
import type { IncomingForm } from '../imagekit/form-reader.ts'

export type UploadMeter = {
  uploadBegan(): void
  uploadEnded(ended: { status: number; seconds: number; bytes: number }): void
}

type CommittedSubmission = { submissionId: string; extensions: string[] }

/** Measures an upload's duration and the bytes received from the caller, and logs one line, however the upload ends. */
export async function meterUpload<T extends { response: StoredResponse }>(
  { meter, log }: { meter: UploadMeter; log: { info(fields: object, text: string): void } },
  { form, requestId }: { form: IncomingForm; requestId: string },
  send: (form: IncomingForm, onSubmission: (submission: CommittedSubmission) => void) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now()
  let bytes = 0
  let status: number = PROBLEMS.internal.status
  let submission: CommittedSubmission | undefined
  let response: StoredResponse | undefined
  const counted: IncomingForm = {
    ...form,
    async *chunks(signal) {
      for await (const chunk of form.chunks(signal)) {
        bytes += chunk.length
        yield chunk
      }
    },
  }
  meter.uploadBegan()
  try {
    const sent = await send(counted, (committed) => {
      submission = committed
    })
    response = sent.response
    status = response.status
    return sent
  } catch (error) {
    if (error instanceof TrackerError) status = PROBLEMS[error.code].status
    throw error
  } finally {
    const ms = performance.now() - startedAt
    meter.uploadEnded({ status, seconds: ms / 1000, bytes })
    const { submissionId = null, extensions = [] } = submission ?? {}
    const fileId = response?.fileId ?? null
    const event = `upload.${outcomeOf(status, response)}`
    log.info(
      { event, requestId, submissionId, fileId, status, extensions, bytes, ms: Math.round(ms) },
      'upload finished',
    )
  }
}

function outcomeOf(status: number, response: StoredResponse | undefined): string {
  if (response?.headers['x-should-retry'] === 'false') return 'unconfirmed'
  return status >= 200 && status < 300 ? 'accepted' : 'rejected'
}
