import type { Json } from '../domain/json.ts'
import { isJsonObject } from '../domain/json.ts'

const MAX_LENGTH = 160

/** Shows an error from ImageKit in one line. ImageKit documents no format for errors. */
export function errorText(error: Json): string {
  const message = isJsonObject(error) ? (error['message'] ?? error['reason'] ?? error) : error
  const text = typeof message === 'string' ? message : JSON.stringify(message)
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text
}
