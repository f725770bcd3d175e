import type { ShownRetry } from '../../tracking/operators/retry-runs.ts'
import { AUDIT, FAILURES, runHref } from '../addresses.ts'
import { Layout } from '../components/layout.tsx'
import { UntrustedText } from '../components/untrusted-text.tsx'
import { failuresHref, OPEN_FAILURES } from '../failures-query.ts'
import type { Operator } from '../operator-session.ts'

type RetryProps = { operator: Operator; retry: ShownRetry }

const PENDING_REFRESH_SECONDS = 3

/**
 * The progress of a retry. `static/live.js` updates the page until every retry is sent and no new run is pending, except
 * those of unconfirmed retries.
 */
export function RetryPage({ operator, retry }: RetryProps) {
  const { state, results } = retry
  const refresh = state === 'running' ? 1 : results.pending > 0 ? PENDING_REFRESH_SECONDS : undefined
  return (
    <Layout title="Retry" operator={operator} section={FAILURES} refresh={refresh}>
      <div class="card narrow">
        <Progress retry={retry} />
        <div data-live="not-accepted">
          <NotAcceptedTable retry={retry} />
        </div>
        <p class="actions">
          <a class="button" href={failuresHref(OPEN_FAILURES, { status: 'pending', acknowledged: 'any' })}>
            Pending runs
          </a>
          <a class="button" href={FAILURES}>
            Failures
          </a>
          <a class="button" href={AUDIT}>
            Audit
          </a>
        </p>
      </div>
    </Layout>
  )
}

function Progress({ retry }: Pick<RetryProps, 'retry'>) {
  const { total, done, state, results } = retry
  const { success, failed, expired, pending, rejected, unconfirmed } = results
  const isRunning = state === 'running'
  return (
    <div class="stack" data-live="progress" data-state={`${state}: ${done} of ${total}, ${pending} pending`}>
      <h1>{isRunning ? 'Sending retries' : 'Retries sent'}</h1>
      <label for="progress" class="visually-hidden">
        Progress
      </label>
      <progress id="progress" max={Math.max(total, 1)} value={total === 0 ? 1 : done} />
      <dl class="facts">
        <dt>Done</dt>
        <dd>
          {done} of {total}
        </dd>
        <dt>Succeeded</dt>
        <dd>{success}</dd>
        <dt>Failed</dt>
        <dd>{failed}</dd>
        <dt>Expired</dt>
        <dd>{expired}</dd>
        <dt>Pending</dt>
        <dd>{pending}</dd>
        <dt>Rejected or unconfirmed</dt>
        <dd>
          {rejected + unconfirmed}
          {unconfirmed > 0 && (
            <span class="hint">
              {rejected} rejected, {unconfirmed} unconfirmed
            </span>
          )}
        </dd>
      </dl>
      {(isRunning || pending > 0) && (
        <p class="hint">
          This page updates itself. Without JavaScript, reload it. After a restart of the service, the retry
          continues, and no request is repeated.
        </p>
      )}
      {rejected + unconfirmed > 0 && <p>A failed run whose retry was rejected stays an open failure.</p>}
    </div>
  )
}

/** `retry.failed` counts the retries that ImageKit did not clearly accept, unlike `results.failed`, which counts failed new runs. */
function NotAcceptedTable({ retry: { failed: notAcceptedCount, notAccepted } }: Pick<RetryProps, 'retry'>) {
  if (notAccepted.length === 0) return <></>
  return (
    <>
      <table class="rows">
        <caption class="visually-hidden">Rejected or unconfirmed retries</caption>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Reason</th>
          </tr>
        </thead>
        <tbody>
          {notAccepted.map(({ runId, name, state, reason }) => (
            <tr>
              <th scope="row" data-label="Run">
                <a href={runHref(runId)}>
                  <UntrustedText text={name} />
                </a>
                {state === 'unconfirmed' && <span class="tag">unconfirmed</span>}
              </th>
              <td data-label="Reason" class="why">
                {reason === null ? <span class="none">–</span> : <UntrustedText text={reason} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {notAcceptedCount > notAccepted.length && (
        <p class="hint">Only the first {notAccepted.length} are listed.</p>
      )}
    </>
  )
}
