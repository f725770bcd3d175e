import type { RetryPreview } from '../../tracking/operators/retry-runs.ts'
import { ACKNOWLEDGEMENTS, FAILURES, RETRIES } from '../addresses.ts'
import { CsrfForm, HiddenFields, NoteField } from '../components/forms.tsx'
import { EmptyState, Layout } from '../components/layout.tsx'
import { failuresHref } from '../failures-query.ts'
import type { Operator } from '../operator-session.ts'
import {
  MAX_ACKNOWLEDGED,
  MAX_SELECTED,
  type RunSelection,
  SHOWN_TOTAL,
  selectionFields,
} from '../run-selection.ts'

type PreviewProps<T> = {
  operator: Operator
  selection: RunSelection
  preview: T
  /** Set if the operator confirmed a preview that is out of date. `text` is the reason or note entered there. */
  changed?: { text: string | null } | undefined
}

const CHANGED =
  'The list has changed since this page was shown. Nothing has been done yet. Check the number again.'

export function RetryPreviewPage(props: PreviewProps<RetryPreview>) {
  const { operator, selection, preview, changed } = props
  const { total, units, unpriced } = preview
  const back = failuresHref(selection.query)
  return (
    <Layout title="Retry" operator={operator} section={FAILURES} notice={changed ? CHANGED : undefined}>
      <div class="card narrow">
        <h1>Retry {runsText(total)}?</h1>
        {total === 0 ? (
          <EmptyState
            title="No runs match any more"
            hint="Another operator may have handled them. Go back to the list."
          />
        ) : (
          <>
            <p>
              For each run, ImageKit is asked to run the extension again with its original options, at most
              five per second in each process of the service. Runs that can’t be retried are skipped, such as
              pending runs, runs that a newer run has replaced, and runs whose file is gone.
            </p>
            <dl class="facts">
              <dt>Runs</dt>
              <dd>{total.toLocaleString('en')}</dd>
              <dt>Extension units</dt>
              <dd>
                {units.toLocaleString('en')}
                {unpriced > 0 && ` plus ${unpriced === 1 ? 'one run' : `${unpriced} runs`} of unknown cost`}
              </dd>
            </dl>
            {selection.kind === 'all' && total === MAX_SELECTED && (
              <p class="hint">
                At most the newest {MAX_SELECTED.toLocaleString('en')} runs are retried at once. If more
                match, select the rest with the filter “Before (UTC)”.
              </p>
            )}
            <CsrfForm operator={operator} action={RETRIES}>
              <HiddenFields fields={[...selectionFields(selection), [SHOWN_TOTAL, String(total)]]} />
              <NoteField
                name="reason"
                label="Reason (optional)"
                hint="Saved to the audit log."
                value={changed?.text}
              />
              <p class="actions">
                <button type="submit" class="primary">
                  Retry {runsText(total)}
                </button>
                <a class="button" href={back}>
                  Back
                </a>
              </p>
            </CsrfForm>
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

/**
 * `total`: how many runs are selected individually, or match and are not acknowledged yet, including pending ones. `isComplete`: false
 * if counting stopped early, so that more may match.
 */
export type AcknowledgementPreview = { total: number; isComplete: boolean }

export function AcknowledgePreviewPage(props: PreviewProps<AcknowledgementPreview>) {
  const { operator, selection, preview, changed } = props
  const { total, isComplete } = preview
  const shownRuns = runsText(Math.min(total, MAX_ACKNOWLEDGED))
  const back = failuresHref(selection.query)
  const notice = changed ? CHANGED : undefined
  if (total === 0)
    return (
      <Layout title="Acknowledge" operator={operator} section={FAILURES} notice={notice}>
        <div class="card narrow">
          <h1>Acknowledge {shownRuns}?</h1>
          <EmptyState
            title="No runs match any more"
            hint="Another operator may have acknowledged them. Go back to the list."
          />
          <a class="button" href={back}>
            Back
          </a>
        </div>
      </Layout>
    )
  return (
    <Layout title="Acknowledge" operator={operator} section={FAILURES} notice={notice}>
      <div class="card narrow">
        <h1>Acknowledge {shownRuns}?</h1>
        <p>
          {total === 1
            ? 'It is removed from open failures. Its status stays. The filter “Acknowledged” finds it again.'
            : 'They are removed from open failures. Their status stays. The filter “Acknowledged” finds them again.'}{' '}
          Pending runs are skipped.
        </p>
        {(!isComplete || total > MAX_ACKNOWLEDGED) && (
          <p class="hint">
            Only the newest {MAX_ACKNOWLEDGED.toLocaleString('en')} runs are acknowledged. Repeat for the
            rest.
          </p>
        )}
        <CsrfForm operator={operator} action={ACKNOWLEDGEMENTS}>
          <HiddenFields fields={[...selectionFields(selection), [SHOWN_TOTAL, String(total)]]} />
          <NoteField
            name="note"
            label="Note (optional)"
            hint="Saved to the audit log."
            value={changed?.text}
          />
          <p class="actions">
            <button type="submit" class="primary">
              Acknowledge {shownRuns}
            </button>
            <a class="button" href={back}>
              Back
            </a>
          </p>
        </CsrfForm>
      </div>
    </Layout>
  )
}

function runsText(total: number): string {
  return total === 1 ? 'one run' : `${total.toLocaleString('en')} runs`
}
