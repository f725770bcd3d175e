import { TrackerError } from '../domain/errors.ts'

/** One part of a form. `content` must be read to its end before the next part is requested. */
export type FormPart = {
  name: string
  fileName: string | undefined
  contentType: string | undefined
  content: AsyncIterable<Buffer>
}

export function invalidForm(field: string, message: string): TrackerError {
  return new TrackerError('invalid_input', 'The upload form is not valid.', { fields: [{ field, message }] })
}
