import type { PropsWithChildren } from 'hono/jsx'
import type { Operator } from '../operator-door.ts'
import { FORM_TOKEN } from '../read-form.ts'

/** A form of an operator's. Every one carries the token of their session. */
export function OwnForm(
  props: PropsWithChildren<{ operator: Operator; action: string; class?: string; id?: string }>,
) {
  const { operator, action, id, children } = props
  return (
    <form method="post" action={action} class={props.class ?? 'stack'} id={id}>
      <input type="hidden" name={FORM_TOKEN} value={operator.formToken} />
      {children}
    </form>
  )
}

export function NoteField(props: {
  name: string
  label: string
  hint: string
  value?: string | null | undefined
}) {
  const { name, label, hint, value } = props
  const id = name
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

/** Fields that a form hands on unseen. */
export function HiddenFields({ fields }: { fields: readonly (readonly [string, string])[] }) {
  return (
    <>
      {fields.map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
    </>
  )
}
