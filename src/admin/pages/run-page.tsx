import { isRejected } from '../../domain/submission.ts'
import type { InspectedRun } from '../../tracking/operators/inspect-run.ts'
import type { ShownRun } from '../../tracking/operators/show-run.ts'
import { assetHref, FAILURES, runHref } from '../addresses.ts'
import { JsonBlock } from '../components/code-block.tsx'
import { DeliveryTable } from '../components/delivery-table.tsx'
import { Layout } from '../components/layout.tsx'
import { OutsideText } from '../components/outside-text.tsx'
import { EmptyState } from '../components/pager.tsx'
import { Pill } from '../components/pill.tsx'
import { RunActions } from '../components/run-actions.tsx'
import { FileName } from '../components/run-table.tsx'
import { durationText, Time } from '../components/time.tsx'
import { Timeline } from '../components/timeline.tsx'
import { failuresHref, WORKLIST } from '../failures-query.ts'
import type { Operator } from '../operator-door.ts'
import { visibleText } from '../visible-text.ts'

type RunProps = {
  operator: Operator
  inspected: InspectedRun
  publicUrl: string
  notice?: string | undefined
}

/** Where no file is known yet, or a newer run is current, no stream tells of it: the script asks again instead. */
const ASK_AGAIN_SECONDS = 3

export function RunPage({ operator, inspected, publicUrl, notice }: RunProps) {
  const { shown } = inspected
  const { run, submission, siblings, deliveries, timeline } = shown
  const { fileId } = run
  const isAwaited = run.status === 'pending' && !isRejected(submission)
  const isTold = fileId !== null && run.currentRunId === null
  const events = isAwaited && isTold ? `${assetHref(fileId)}/events` : undefined
  const refresh = isAwaited && !isTold ? ASK_AGAIN_SECONDS : undefined
  return (
    <Layout
      title={`${visibleText(run.name)} ${run.status}`}
      {...{ operator, notice, events, refresh }}
      room={FAILURES}
    >
      <div class="head" data-live="head" data-state={run.status}>
        <h1>
          <OutsideText text={run.name} />
        </h1>
        <Pill of={run.status} />
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
            <Timeline happenings={timeline} />
          </section>
        </div>
        <div class="stack">
          <div data-live="facts">
            <Facts {...{ run, submission }} previous={shown.previous} fileUrl={inspected.fileUrl} />
          </div>
          <div data-live="actions">
            <RunActions operator={operator} inspected={inspected} publicUrl={publicUrl} />
          </div>
        </div>
      </div>
      <section class="card" aria-labelledby="deliveries" data-live="deliveries">
        <h2 id="deliveries">Webhooks</h2>
        {deliveries.length === 0 ? (
          <EmptyState
            title="No webhook has come"
            hint="Refused ones name no run: see the page of deliveries, with the outcome “rejected”."
          />
        ) : (
          <DeliveryTable deliveries={deliveries} caption="Webhooks of this run, the oldest first" />
        )}
      </section>
      <Siblings siblings={siblings} />
      <section class="card" aria-labelledby="requested">
        <h2 id="requested">Request</h2>
        <JsonBlock id="requested-json" label="The extensions of the request" json={submission.requested} />
      </section>
    </Layout>
  )
}

function ErrorCard({ run }: { run: ShownRun['run'] }) {
  if (run.error === null) return <></>
  return (
    <section class="card error" aria-labelledby="error">
      <h2 id="error">The error, as ImageKit gave it</h2>
      <JsonBlock id="error-json" label="The error" json={run.error} />
      {run.cause !== null && (
        <p class="hint">
          Grouped as{' '}
          <a href={failuresHref(WORKLIST, { extension: run.name, cause: run.cause, acknowledged: 'any' })}>
            <code>
              <OutsideText text={run.cause} />
            </code>
          </a>
        </p>
      )}
    </section>
  )
}

type FactsProps = Pick<ShownRun, 'run' | 'submission' | 'previous'> & Pick<InspectedRun, 'fileUrl'>

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
              Open at <OutsideText text={new URL(fileUrl).host} />
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
          {seconds !== null && ` after ${durationText(seconds)}`}
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
                  “<OutsideText text={previous.reason} />”
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
            <Pill of={status} />{' '}
            <a href={runHref(runId)}>
              <OutsideText text={name} />
            </a>
          </li>
        ))}
      </ul>
    </section>
  )
}
