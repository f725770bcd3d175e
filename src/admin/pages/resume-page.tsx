import { FAILURES, formLabel } from '../addresses.ts'
import { HiddenFields, NoteField, OwnForm } from '../components/forms.tsx'
import { Layout } from '../components/layout.tsx'
import type { Operator } from '../operator-door.ts'
import type { InterruptedForm } from '../read-form.ts'

const TEXT_FIELDS = { reason: 'Reason (optional)', note: 'Note (optional)' } as const

type ResumeProps = { operator: Operator; interrupted: InterruptedForm; explanation: string }

/** A form whose session was over when it was sent: it is sent again only if the operator says so. */
export function ResumePage({ operator, interrupted: { target, fields }, explanation }: ResumeProps) {
  const hidden = [...fields].filter(([name]) => !Object.hasOwn(TEXT_FIELDS, name))
  const runs = fields.getAll('runId').length
  return (
    <Layout title="Send the form again" operator={operator} room={FAILURES}>
      <div class="card narrow">
        <h1>Send the form again?</h1>
        <p>{explanation}</p>
        <dl class="facts">
          <dt>Form</dt>
          <dd class="id">{target}</dd>
          {runs > 0 && (
            <>
              <dt>Ticked runs</dt>
              <dd>{runs.toLocaleString('en')}</dd>
            </>
          )}
        </dl>
        <OwnForm operator={operator} action={target}>
          <HiddenFields fields={hidden} />
          {Object.entries(TEXT_FIELDS).map(
            ([name, label]) =>
              fields.has(name) && (
                <NoteField
                  name={name}
                  label={label}
                  hint="Saved to the audit log."
                  value={fields.get(name)}
                />
              ),
          )}
          <p class="actions">
            <button type="submit" class="primary">
              {formLabel(target)}
            </button>
            <a class="button" href={target}>
              Discard
            </a>
          </p>
        </OwnForm>
      </div>
    </Layout>
  )
}
