import { isAcknowledgeable } from '../../domain/run.ts'
import { isRejected } from '../../domain/submission.ts'
import type { InspectedRun } from '../../tracking/operators/inspect-run.ts'
import { runHref } from '../addresses.ts'
import type { Operator } from '../operator-door.ts'
import { CodeBlock } from './code-block.tsx'
import { NoteField, OwnForm } from './forms.tsx'

type RunActionsProps = { operator: Operator; inspected: InspectedRun; publicUrl: string }

/** What an operator can do about a run. */
export function RunActions({ operator, inspected, publicUrl }: RunActionsProps) {
  const { refusal, shown } = inspected
  const { run } = shown
  const call = `curl -X POST '${publicUrl}/runs/${run.runId}/retry' -H "Authorization: Bearer $ADMIN_KEY"`
  return (
    <section class="card" aria-labelledby="actions">
      <h2 id="actions">Actions</h2>
      <Retry operator={operator} inspected={inspected} />
      {run.acknowledgedAt === null && isAcknowledgeable(run) && (
        <OwnForm operator={operator} action={`${runHref(run.runId)}/acknowledge`}>
          <NoteField
            name="note"
            label="Note (optional)"
            hint="For the audit: why nothing more is to be done."
          />
          <button type="submit">Acknowledge</button>
        </OwnForm>
      )}
      {refusal === null && (
        <details>
          <summary>Retry from a terminal</summary>
          <p class="hint">
            Set <code>ADMIN_KEY</code> to the key that you sign in with.
          </p>
          <CodeBlock id="curl" label="The call that retries this run" text={call} />
          <button type="button" data-copy="curl" hidden>
            Copy
          </button>
        </details>
      )}
    </section>
  )
}

function Retry({ operator, inspected }: Omit<RunActionsProps, 'publicUrl'>) {
  const { refusal, units, shown } = inspected
  const { runId, currentRunId, status } = shown.run
  if (status === 'pending' && isRejected(shown.submission))
    return <p class="hint">Its request was not taken, so it never ran: upload or update the file anew.</p>
  if (status === 'pending')
    return <p class="hint">It is still pending: this page updates itself when it ends.</p>
  if (refusal !== null)
    return (
      <p class="hint">
        It cannot be retried. {refusal}{' '}
        {currentRunId !== null && <a href={runHref(currentRunId)}>Open the current run</a>}
      </p>
    )
  return (
    <OwnForm operator={operator} action={`${runHref(runId)}/retry`}>
      <NoteField
        name="reason"
        label="Reason (optional)"
        hint={
          units === null
            ? 'The same options again; what it costs is not known.'
            : `The same options again; it costs ${units === 1 ? 'one extension unit' : `${units} extension units`}.`
        }
      />
      <button type="submit" class="primary">
        Retry
      </button>
    </OwnForm>
  )
}
