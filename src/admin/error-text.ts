import type { Json } from '../domain/json.ts'
import { isJsonObject } from '../domain/json.ts'

const MAX_LENGTH = 160

/** An error of ImageKit's in one line; none of its shapes is documented. */
export function errorText(error: Json): string {
  const told = isJsonObject(error) ? (error['message'] ?? error['reason'] ?? error) : error
  const text = typeof told === 'string' ? told : JSON.stringify(told)
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text
}
