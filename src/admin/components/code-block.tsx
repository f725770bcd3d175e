import type { Json } from '../../domain/json.ts'
import { prettyJson, shownText } from '../pretty-json.ts'
import { OutsideText } from './outside-text.tsx'

/** Text as it came. It can be scrolled with the keyboard. */
export function CodeBlock({ id, label, text }: { id: string; label: string; text: string }) {
  const shown = shownText(text)
  return (
    <div class="code">
      <pre id={id} tabindex={0} role="region" aria-label={label}>
        <OutsideText text={shown.text} isBlock />
      </pre>
      {shown.isCut && <p class="hint">This is the beginning: the rest is too long for a page.</p>}
    </div>
  )
}

export function JsonBlock({ id, label, json }: { id: string; label: string; json: Json }) {
  const text = JSON.stringify(json)
  return <CodeBlock id={id} label={label} text={prettyJson(text) ?? text} />
}
