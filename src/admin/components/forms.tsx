import type { PropsWithChildren } from 'hono/jsx'
import type { Operator } from '../operator-session.ts'
import { CSRF_FIELD } from '../read-form.ts'

/** A form with the CSRF token of the operator's session. */
export function CsrfForm(
  props: PropsWithChildren<{ operator: Operator; action: string; class?: string; id?: string }>,
) {
  const { operator, action, id, children } = props
  return (
    <form method="post" action={action} class={props.class ?? 'stack'} id={id}>
      <input type="hidden" name={CSRF_FIELD} value={operator.csrfToken} />
      {children}
    </form>
  )
}

/** A field for an optional note or reason, which `readNote` reads. */
export function NoteField(props: {
  name: string
  label: string
  hint: string
  /** The element's id, if the page has another field of this name. */
  id?: string
  value?: string | null | undefined
}) {
  const { name, label, hint, id = name, value } = props
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        type="text"
        id={id}
        name={name}
        maxlength={2000}
        value={value ?? undefined}
        aria-describedby={`${id}-hint`}
        autocomplete="off"
      />
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
    </div>
  )
}

/** Hidden fields of a form. */
export function HiddenFields({ fields }: { fields: readonly (readonly [string, string])[] }) {
  return (
    <>
      {fields.map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
    </>
  )
}
