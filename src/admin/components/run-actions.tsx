import { isAcknowledgeable } from '../../domain/run.ts'
import { isRejected } from '../../domain/submission.ts'
import type { RunWithActions } from '../../tracking/operators/show-run.ts'
import { runHref } from '../addresses.ts'
import type { Operator } from '../operator-session.ts'
import { CodeBlock } from './code-block.tsx'
import { CsrfForm, NoteField } from './forms.tsx'

type RunActionsProps = { operator: Operator; runWithActions: RunWithActions; publicUrl: string }

/** The actions that an operator can take on a run. */
export function RunActions({ operator, runWithActions, publicUrl }: RunActionsProps) {
  const { rejection, shown } = runWithActions
  const { run } = shown
  const command = `curl -X POST '${publicUrl}/runs/${run.runId}/retry' -H "Authorization: Bearer $ADMIN_KEY"`
  return (
    <section class="card" aria-labelledby="actions">
      <h2 id="actions">Actions</h2>
      <Retry operator={operator} runWithActions={runWithActions} />
      {run.acknowledgedAt === null && isAcknowledgeable(run) && (
        <CsrfForm operator={operator} action={`${runHref(run.runId)}/acknowledge`}>
          <NoteField
            name="note"
            label="Note (optional)"
            hint="Why no action is needed. Saved to the audit log."
          />
          <button type="submit">Acknowledge</button>
        </CsrfForm>
      )}
      {run.acknowledgedAt !== null && (
        <CsrfForm operator={operator} action={`${runHref(run.runId)}/unacknowledge`}>
          <NoteField
            id="unacknowledge-reason"
            name="reason"
            label="Reason (optional)"
            hint="A failed run becomes an open failure again. Saved to the audit log."
          />
          <button type="submit">Revoke acknowledgement</button>
        </CsrfForm>
      )}
      {rejection === null && (
        <details>
          <summary>Retry from a terminal</summary>
          <p class="hint">
            Set <code>ADMIN_KEY</code> to your admin key.
          </p>
          <CodeBlock id="curl" label="Command that retries this run" text={command} />
          <button type="button" data-copy="curl" hidden>
            Copy
          </button>
        </details>
      )}
    </section>
  )
}

function Retry({ operator, runWithActions }: Omit<RunActionsProps, 'publicUrl'>) {
  const { rejection, units, shown } = runWithActions
  // `currentRunId` is the current run if that is another one, else null.
  const { runId, currentRunId, status } = shown.run
  if (status === 'pending' && isRejected(shown.submission))
    return (
      <p class="hint">
        ImageKit rejected or did not receive the request, so this extension never ran. Upload or update the
        file again.
      </p>
    )
  if (status === 'pending')
    return <p class="hint">Still pending. This page updates itself when the run settles.</p>
  if (rejection !== null)
    return (
      <p class="hint">
        Retry not possible. {rejection}{' '}
        {currentRunId !== null && <a href={runHref(currentRunId)}>Open the current run</a>}
      </p>
    )
  return (
    <CsrfForm operator={operator} action={`${runHref(runId)}/retry`}>
      <NoteField
        name="reason"
        label="Reason (optional)"
        hint={
          units === null
            ? 'Uses the original options. Cost: unknown.'
            : `Uses the original options. Cost: ${units} extension ${units === 1 ? 'unit' : 'units'}.`
        }
      />
      <button type="submit" class="primary">
        Retry
      </button>
    </CsrfForm>
  )
}
