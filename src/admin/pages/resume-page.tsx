import { FAILURES, formLabel } from '../addresses.ts'
import { CsrfForm, HiddenFields, NoteField } from '../components/forms.tsx'
import { Layout } from '../components/layout.tsx'
import type { Operator } from '../operator-session.ts'
import type { InterruptedForm } from '../read-form.ts'

/** The fields that the operator can still edit, with their labels. The other fields are sent again as they were. */
const TEXT_FIELDS = { reason: 'Reason (optional)', note: 'Note (optional)' } as const

type ResumeProps = {
  operator: Operator
  interrupted: InterruptedForm
  /** Tells the operator that the form was not processed. */
  explanation: string
}

/** Asks the operator whether to send a form again that was not processed, usually because its session had ended. */
export function ResumePage({ operator, interrupted: { target, fields }, explanation }: ResumeProps) {
  const hidden = [...fields].filter(([name]) => !Object.hasOwn(TEXT_FIELDS, name))
  const runs = fields.getAll('runId').length
  return (
    <Layout title="Send the form again" operator={operator} section={FAILURES}>
      <div class="card narrow">
        <h1>Send the form again?</h1>
        <p>{explanation}</p>
        <dl class="facts">
          <dt>Form</dt>
          <dd class="id">{target}</dd>
          {runs > 0 && (
            <>
              <dt>Selected runs</dt>
              <dd>{runs.toLocaleString('en')}</dd>
            </>
          )}
        </dl>
        <CsrfForm operator={operator} action={target}>
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
        </CsrfForm>
      </div>
    </Layout>
  )
}
