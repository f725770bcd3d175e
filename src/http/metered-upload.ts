import { TrackerError } from '../domain/errors.ts'
import type { IncomingForm } from '../imagekit/form-reader.ts'
import { PROBLEMS } from './problems.ts'

export type UploadMeter = {
  uploadBegan(): void
  uploadEnded(ended: { status: number; seconds: number; bytes: number }): void
}

/** Tells how long an upload took and how much of its form came, however it ends. */
export async function meterUpload<T extends { answer: { status: number } }>(
  meter: UploadMeter,
  form: IncomingForm,
  send: (form: IncomingForm) => Promise<T>,
): Promise<T> {
  const begunAt = performance.now()
  let bytes = 0
  let status: number = PROBLEMS.internal.status
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
    const sent = await send(counted)
    status = sent.answer.status
    return sent
  } catch (error) {
    if (error instanceof TrackerError) status = PROBLEMS[error.code].status
    throw error
  } finally {
    meter.uploadEnded({ status, seconds: (performance.now() - begunAt) / 1000, bytes })
  }
}
