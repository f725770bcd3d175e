/** Any value that `JSON.parse` can return. A value whose shape ImageKit defines is stored unchanged. */
export type Json = string | number | boolean | null | Json[] | JsonObject

export type JsonObject = { [key: string]: Json }

/** For a value from `JSON.parse`; does not check its members. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * `JSON.parse` accepts any depth, but `JSON.stringify` overflows the stack at about 4,000 levels, earlier the deeper the call.
 * The limit for stored and forwarded values is far lower, so that they can be serialised anywhere.
 */
const MAX_DEPTH = 500

/** Whether arrays and objects are nested more deeply than `MAX_DEPTH`. Does not recurse itself. */
export function isTooDeep(json: Json): boolean {
  let level = [json].filter(isNested)
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return true
    level = level.flatMap((value) => Object.values(value)).filter(isNested)
  }
  return false
}

function isNested(value: Json): value is Json[] | { [key: string]: Json } {
  return typeof value === 'object' && value !== null
}
