import type { Json } from '../domain/json.ts'

/** Indenting multiplies what is nested deep: beyond this it is shown as it came. */
const MAX_LENGTH = 64 * 1024
const MAX_DEPTH = 40
/** More than anybody reads on a page. */
const MAX_SHOWN = 256 * 1024

/** Text to be read; `isCut` where there is more. */
export type Shown = { text: string; isCut: boolean }

/** JSON text with line ends and indents; undefined where it is none, or too large for that. */
export function prettyJson(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return undefined
  try {
    const json: Json = JSON.parse(text.replace(/^\ufeff/, ''))
    return depthOf(text) > MAX_DEPTH ? undefined : JSON.stringify(json, null, 2)
  } catch {
    return undefined
  }
}

export function shownText(text: string): Shown {
  return { text: text.slice(0, MAX_SHOWN), isCut: text.length > MAX_SHOWN }
}

/** How deep brackets stand in each other. */
function depthOf(json: string): number {
  let depth = 0
  let deepest = 0
  for (const character of json.replace(/"(?:[^"\\]|\\.)*"/g, '')) {
    if (character === '{' || character === '[') depth += 1
    if (character === '}' || character === ']') depth -= 1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}
