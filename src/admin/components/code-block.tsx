import type { Json } from '../../domain/json.ts'
import { prettyJson, truncateText } from '../pretty-json.ts'
import { UntrustedText } from './untrusted-text.tsx'

/** Text as received. It can be scrolled with the keyboard. */
export function CodeBlock({ id, label, text }: { id: string; label: string; text: string }) {
  const truncated = truncateText(text)
  return (
    <div class="code">
      <pre id={id} tabindex={0} role="region" aria-label={label}>
        <UntrustedText text={truncated.text} isBlock />
      </pre>
      {truncated.isTruncated && <p class="hint">Truncated: the rest is too long for a page.</p>}
    </div>
  )
}

export function JsonBlock({ id, label, json }: { id: string; label: string; json: Json }) {
  const text = JSON.stringify(json)
  return <CodeBlock id={id} label={label} text={prettyJson(text) ?? text} />
}
