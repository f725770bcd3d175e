import { isTooDeep, type Json } from '../domain/json.ts'

const MAX_KEPT_LENGTH = 16 * 1024

/** What is kept though nothing is ever read of it; null where it is too much to keep. */
export function keptJson(value: Json): Json {
  return !isTooDeep(value) && JSON.stringify(value).length <= MAX_KEPT_LENGTH ? value : null
}
