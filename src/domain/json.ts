/** What `JSON.parse` can give; kept as it came, for shapes that are ImageKit's to define. */
export type Json = string | number | boolean | null | Json[] | JsonObject

export type JsonObject = { [key: string]: Json }

/** Of something that came from `JSON.parse`; what is in it is not looked at. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * `JSON.parse` takes any depth, but `JSON.stringify` overflows the stack at some 4,000 levels, the fewer the deeper it is
 * called. What is kept or passed on stays far below, so that it can be written from everywhere.
 */
const MAX_DEPTH = 500

/** Whether arrays and objects stand in each other deeper than can be written again. Does not recurse itself. */
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
