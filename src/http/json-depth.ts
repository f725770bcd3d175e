import type { Json } from '../domain/json.ts'

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
