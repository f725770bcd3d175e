import type { RetryPreview } from '../../tracking/operators/retry-runs.ts'
import { ACKNOWLEDGEMENTS, FAILURES, RETRIES } from '../addresses.ts'
import { HiddenFields, NoteField, OwnForm } from '../components/forms.tsx'
import { Layout } from '../components/layout.tsx'
import { EmptyState } from '../components/pager.tsx'
import { failuresHref } from '../failures-query.ts'
import type { Operator } from '../operator-door.ts'
import { MAX_ACKNOWLEDGED, MAX_SELECTED, type RunSelection, selectionFields } from '../run-selection.ts'

type RetryPreviewProps = { operator: Operator; selection: RunSelection; preview: RetryPreview }

export function RetryPreviewPage({ operator, selection, preview }: RetryPreviewProps) {
  const { total, units, unpriced } = preview
  const back = failuresHref(selection.query)
  return (
    <Layout title="Retry" operator={operator} room={FAILURES}>
      <div class="card narrow">
        <h1>Retry {countOf(total)}?</h1>
        {total === 0 ? (
          <EmptyState
            title="No run matches any more"
            hint="Others may have seen to them meanwhile. Go back to the list."
          />
        ) : (
          <>
            <p>
              ImageKit is asked for each of them again, with the options of the first time, five a second at
              most. Runs that are pending, whose file is gone, or that a newer run has replaced are passed
              over.
            </p>
            <dl class="facts">
              <dt>Runs</dt>
              <dd>{total.toLocaleString('en')}</dd>
              <dt>Extension units</dt>
              <dd>
                {units.toLocaleString('en')}
                {unpriced > 0 &&
                  ` and ${unpriced === 1 ? 'that of one run' : `those of ${unpriced} runs`} whose price is not known`}
              </dd>
            </dl>
            {selection.kind === 'all' && total === MAX_SELECTED && (
              <p class="hint">
                These are the newest {MAX_SELECTED.toLocaleString('en')}: start again for the rest.
              </p>
            )}
            <OwnForm operator={operator} action={RETRIES}>
              <HiddenFields fields={selectionFields(selection)} />
              <NoteField name="reason" label="Reason (may be empty)" hint="It is kept in the audit." />
              <p class="actions">
                <button type="submit" class="primary">
                  Retry {countOf(total)}
                </button>
                <a class="button" href={back}>
                  Back
                </a>
              </p>
            </OwnForm>
          </>
        )}
        {total === 0 && (
          <a class="button" href={back}>
            Back
          </a>
        )}
      </div>
    </Layout>
  )
}

type AcknowledgePreviewProps = { operator: Operator; selection: RunSelection; total: number | null }

export function AcknowledgePreviewPage({ operator, selection, total }: AcknowledgePreviewProps) {
  const what = total === null ? 'all that match' : countOf(Math.min(total, MAX_ACKNOWLEDGED))
  const mayBeMore = selection.kind === 'all' && (total === null || total > MAX_ACKNOWLEDGED)
  return (
    <Layout title="Acknowledge" operator={operator} room={FAILURES}>
      <div class="card narrow">
        <h1>Acknowledge {what}?</h1>
        <p>
          {total === 1
            ? 'It leaves the worklist. Its status stays, and it is found again by the filter “acknowledged”.'
            : 'They leave the worklist. Their status stays, and they are found again by the filter “acknowledged”.'}
        </p>
        {mayBeMore && (
          <p class="hint">
            The newest {MAX_ACKNOWLEDGED.toLocaleString('en')} at most: start again for the rest.
          </p>
        )}
        <OwnForm operator={operator} action={ACKNOWLEDGEMENTS}>
          <HiddenFields fields={selectionFields(selection)} />
          <NoteField name="note" label="Note (may be empty)" hint="It is kept in the audit." />
          <p class="actions">
            <button type="submit" class="primary">
              Acknowledge {what}
            </button>
            <a class="button" href={failuresHref(selection.query)}>
              Back
            </a>
          </p>
        </OwnForm>
      </div>
    </Layout>
  )
}

function countOf(total: number): string {
  return total === 1 ? 'one run' : `${total.toLocaleString('en')} runs`
}
