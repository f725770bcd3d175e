import { isTooDeep, type Json } from '../domain/json.ts'

const MAX_LENGTH = 16 * 1024

/** The value, which is stored without being interpreted; null if it is too large or nested too deeply to store. */
export function storableJson(value: Json): Json {
  return !isTooDeep(value) && JSON.stringify(value).length <= MAX_LENGTH ? value : null
}
