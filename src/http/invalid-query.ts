import { TrackerError } from '../domain/errors.ts'

export function invalidQuery(field: string, message: string): TrackerError {
  return new TrackerError('invalid_input', 'The query is not valid.', { fields: [{ field, message }] })
}
