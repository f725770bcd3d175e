import type { Json } from '../../domain/json.ts'
import { UntrustedText } from './untrusted-text.tsx'

/** JSON beyond these limits is not indented, because indenting multiplies the size of deeply nested JSON. */
const MAX_INDENTED_LENGTH = 64 * 1024
const MAX_INDENTED_DEPTH = 40
/** The rest of a longer text is not shown: nobody reads that much on a page. */
const MAX_SHOWN_LENGTH = 256 * 1024

/** A block of untrusted text that can be scrolled with the keyboard. */
export function CodeBlock({ id, label, text }: { id: string; label: string; text: string }) {
  return (
    <div class="code">
      <pre id={id} tabindex={0} role="region" aria-label={label}>
        <UntrustedText text={text.slice(0, MAX_SHOWN_LENGTH)} isBlock />
      </pre>
      {text.length > MAX_SHOWN_LENGTH && <p class="hint">Truncated: the text is too long for a page.</p>}
    </div>
  )
}

export function JsonBlock({ id, label, json }: { id: string; label: string; json: Json }) {
  const text = JSON.stringify(json)
  return <CodeBlock id={id} label={label} text={prettyJson(text) ?? text} />
}

/** Indents JSON text, without its byte order mark. Returns undefined if the text is not JSON or exceeds the limits. */
export function prettyJson(text: string): string | undefined {
  if (text.length > MAX_INDENTED_LENGTH) return undefined
  try {
    const json: Json = JSON.parse(text.replace(/^\ufeff/, ''))
    return depthOf(text) > MAX_INDENTED_DEPTH ? undefined : JSON.stringify(json, null, 2)
  } catch {
    return undefined
  }
}

/** The maximum nesting depth of arrays and objects. */
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
