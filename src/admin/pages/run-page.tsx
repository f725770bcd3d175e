import { formatDuration } from '../../domain/quantities.ts'
import { isRejected } from '../../domain/submission.ts'
import type { RunWithActions, ShownRun } from '../../tracking/operators/show-run.ts'
import { assetHref, FAILURES, runHref } from '../addresses.ts'
import { JsonBlock } from '../components/code-block.tsx'
import { DeliveryTable } from '../components/delivery-table.tsx'
import { EmptyState, Layout } from '../components/layout.tsx'
import { Pill } from '../components/pill.tsx'
import { RunActions } from '../components/run-actions.tsx'
import { FileName } from '../components/run-table.tsx'
import { Time } from '../components/time.tsx'
import { Timeline } from '../components/timeline.tsx'
import { UntrustedText } from '../components/untrusted-text.tsx'
import { failuresHref, OPEN_FAILURES } from '../failures-query.ts'
import { visibleText } from '../mark-invisible-characters.ts'
import type { Operator } from '../operator-session.ts'

type RunProps = {
  operator: Operator
  runWithActions: RunWithActions
  /** The service's address, for the command that retries the run. */
  publicUrl: string
  notice?: string | undefined
}

/** The script updates the page of a pending run at this interval if no event stream reports the run's status. */
const REFRESH_SECONDS = 3

export function RunPage({ operator, runWithActions, publicUrl, notice }: RunProps) {
  const { shown } = runWithActions
  const { run, submission, siblings, deliveries, timeline } = shown
  const { fileId } = run
  const isPending = run.status === 'pending' && !isRejected(submission)
  // The stream of an asset reports only its current runs. `currentRunId` is null if this run is the current one.
  const hasStream = fileId !== null && run.currentRunId === null
  const events = isPending && hasStream ? `${assetHref(fileId)}/events` : undefined
  const refresh = isPending && !hasStream ? REFRESH_SECONDS : undefined
  return (
    <Layout
      title={`${visibleText(run.name)} ${run.status}`}
      {...{ operator, notice, events, refresh }}
      section={FAILURES}
    >
      <div class="head" data-live="head" data-state={run.status}>
        <h1>
          <UntrustedText text={run.name} />
        </h1>
        <Pill value={run.status} />
        {run.acknowledgedAt !== null && <span class="tag">acknowledged</span>}
        {run.contradicted && <span class="tag">contradicted</span>}
      </div>
      <div class="columns wide-left">
        <div class="stack">
          <div data-live="error">
            <ErrorCard run={run} />
          </div>
          <section class="card" aria-labelledby="timeline" data-live="timeline">
            <h2 id="timeline">Timeline</h2>
            <Timeline events={timeline} />
          </section>
        </div>
        <div class="stack">
          <div data-live="facts">
            <Facts {...{ run, submission }} previous={shown.previous} fileUrl={runWithActions.fileUrl} />
          </div>
          <div data-live="actions">
            <RunActions operator={operator} runWithActions={runWithActions} publicUrl={publicUrl} />
          </div>
        </div>
      </div>
      <section class="card" aria-labelledby="deliveries" data-live="deliveries">
        <h2 id="deliveries">Webhooks</h2>
        {deliveries.length === 0 ? (
          <EmptyState
            title="No webhooks received"
            hint="Rejected webhooks have no run id. See Deliveries with the outcome “rejected”."
          />
        ) : (
          <DeliveryTable deliveries={deliveries} caption="Webhooks of this run, oldest first" />
        )}
      </section>
      <Siblings siblings={siblings} />
      <section class="card" aria-labelledby="requested">
        <h2 id="requested">Request</h2>
        <JsonBlock id="requested-json" label="The requested extensions" json={submission.requested} />
      </section>
    </Layout>
  )
}

function ErrorCard({ run }: { run: ShownRun['run'] }) {
  if (run.error === null) return <></>
  return (
    <section class="card error" aria-labelledby="error">
      <h2 id="error">Error from ImageKit</h2>
      <JsonBlock id="error-json" label="The error" json={run.error} />
      {run.cause !== null && (
        <p class="hint">
          Cause:{' '}
          <a
            href={failuresHref(OPEN_FAILURES, { extension: run.name, cause: run.cause, acknowledged: 'any' })}
          >
            <code>
              <UntrustedText text={run.cause} />
            </code>
          </a>
        </p>
      )}
    </section>
  )
}

type FactsProps = Pick<ShownRun, 'run' | 'submission' | 'previous'> & Pick<RunWithActions, 'fileUrl'>

function Facts({ run, submission, previous, fileUrl }: FactsProps) {
  const { requestedAt, settledAt, source } = run
  const seconds = settledAt === null ? null : (Date.parse(settledAt) - Date.parse(requestedAt)) / 1000
  return (
    <section class="card" aria-labelledby="facts">
      <h2 id="facts">Facts</h2>
      <dl class="facts">
        <dt>File</dt>
        <dd class="file">
          <FileName fileId={run.fileId} fileName={run.fileName} />
          {fileUrl !== null && (
            <a href={fileUrl} rel="noreferrer">
              Open at <UntrustedText text={new URL(fileUrl).host} />
            </a>
          )}
        </dd>
        <dt>Requested</dt>
        <dd>
          <Time at={requestedAt} />
          {submission.keyName !== null && ` by ${submission.keyName}`}
        </dd>
        <dt>Settled</dt>
        <dd>
          {settledAt === null ? '–' : <Time at={settledAt} />}
          {seconds !== null && ` after ${formatDuration(seconds * 1000)}`}
        </dd>
        <dt>Source</dt>
        <dd>{source}</dd>
        <dt>Attempt</dt>
        <dd>
          {run.attempt}
          {previous && (
            <>
              {' '}
              <a href={runHref(previous.runId)}>Previous attempt</a>
            </>
          )}
        </dd>
        {previous && (
          <>
            <dt>Retried by</dt>
            <dd>
              {previous.retriedBy ?? '–'}
              {previous.reason !== null && (
                <span class="hint">
                  “<UntrustedText text={previous.reason} />”
                </span>
              )}
            </dd>
          </>
        )}
        <dt>Run</dt>
        <dd class="id">{run.runId}</dd>
        <dt>Submission</dt>
        <dd>
          <span class="id">{submission.submissionId}</span>
          <span class="hint">
            {submission.kind}, {submission.state}
          </span>
        </dd>
      </dl>
    </section>
  )
}

function Siblings({ siblings }: Pick<ShownRun, 'siblings'>) {
  if (siblings.length === 0) return <></>
  return (
    <section class="card" aria-labelledby="siblings" data-live="siblings">
      <h2 id="siblings">Other extensions in this request</h2>
      <ul class="siblings">
        {siblings.map(({ runId, name, status }) => (
          <li>
            <Pill value={status} />{' '}
            <a href={runHref(runId)}>
              <UntrustedText text={name} />
            </a>
          </li>
        ))}
      </ul>
    </section>
  )
}
