import { TrackerError } from '../domain/errors.ts'

export function invalidForm(field: string, message: string): TrackerError {
  return new TrackerError('invalid_input', 'The upload form is not valid.', { fields: [{ field, message }] })
}
