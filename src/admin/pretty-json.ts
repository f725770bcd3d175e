import type { Json } from '../domain/json.ts'

/** Indenting multiplies the size of deeply nested JSON. Beyond these limits the text is shown as received. */
const MAX_LENGTH = 64 * 1024
const MAX_DEPTH = 40
/** More than anybody reads on a page. */
const MAX_SHOWN = 256 * 1024

export type TruncatedText = { text: string; isTruncated: boolean }

/** Indents JSON text. Returns undefined if the text is not JSON or beyond the limits. */
export function prettyJson(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return undefined
  try {
    const json: Json = JSON.parse(text.replace(/^\ufeff/, ''))
    return depthOf(text) > MAX_DEPTH ? undefined : JSON.stringify(json, null, 2)
  } catch {
    return undefined
  }
}

export function truncateText(text: string): TruncatedText {
  return { text: text.slice(0, MAX_SHOWN), isTruncated: text.length > MAX_SHOWN }
}

/** The maximum nesting depth of brackets. */
function depthOf(json: string): number {
  let depth = 0
  let maxDepth = 0
  for (const character of json.replace(/"(?:[^"\\]|\\.)*"/g, '')) {
    if (character === '{' || character === '[') depth += 1
    if (character === '}' || character === ']') depth -= 1
    maxDepth = Math.max(maxDepth, depth)
  }
  return maxDepth
}
