/** Any value that `JSON.parse` can return. Used mainly for values whose shape ImageKit defines. */
export type Json = string | number | boolean | null | Json[] | JsonObject

export type JsonObject = { [key: string]: Json }

/** Whether a value from `JSON.parse` is an object. Does not check its members. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * `JSON.parse` accepts any depth, but `JSON.stringify` overflows the stack at about 4,000 levels, or fewer if the call stack is
 * already deep. The limit for stored and forwarded values is far lower, so that they can always be serialised.
 */
const MAX_DEPTH = 500

/** Whether arrays and objects are nested more deeply than `MAX_DEPTH`. Not recursive, so that it can't overflow the stack. */
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
