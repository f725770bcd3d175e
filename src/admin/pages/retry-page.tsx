import type { ShownRetry } from '../../tracking/operators/retry-runs.ts'
import { AUDIT, FAILURES, runHref } from '../addresses.ts'
import { Layout } from '../components/layout.tsx'
import { OutsideText } from '../components/outside-text.tsx'
import { failuresHref, WORKLIST } from '../failures-query.ts'
import type { Operator } from '../operator-door.ts'

type RetryProps = { operator: Operator; retry: ShownRetry }

const PENDING_REFRESH_SECONDS = 3

/** A retry under way; the script asks again until each new run has its final status. */
export function RetryPage({ operator, retry }: RetryProps) {
  const { state, results } = retry
  const refresh = state === 'running' ? 1 : results.pending > 0 ? PENDING_REFRESH_SECONDS : undefined
  return (
    <Layout title="Retry" operator={operator} room={FAILURES} refresh={refresh}>
      <div class="card narrow">
        <Progress retry={retry} />
        <div data-live="not-taken">
          <NotTakenTable retry={retry} />
        </div>
        <p class="actions">
          <a class="button" href={failuresHref(WORKLIST, { status: 'pending', acknowledged: 'any' })}>
            What is pending
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
      <h1>{isRunning ? 'Asking ImageKit again' : 'ImageKit was asked again'}</h1>
      <label for="progress" class="visually-hidden">
        How many are done
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
        <dt>Not accepted</dt>
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
          This page updates itself. Without JavaScript, reload it. Survives restarts without repeating.
        </p>
      )}
      {rejected + unconfirmed > 0 && <p>Rejected runs are open failures as before.</p>}
    </div>
  )
}

function NotTakenTable({ retry: { failed, notTaken } }: Pick<RetryProps, 'retry'>) {
  if (notTaken.length === 0) return <></>
  return (
    <>
      <table class="rows">
        <caption class="visually-hidden">Runs that were rejected, or not confirmed</caption>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Why it was not accepted</th>
          </tr>
        </thead>
        <tbody>
          {notTaken.map(({ runId, name, state, reason }) => (
            <tr>
              <th scope="row" data-label="Run">
                <a href={runHref(runId)}>
                  <OutsideText text={name} />
                </a>
                {state === 'unconfirmed' && <span class="tag">unconfirmed</span>}
              </th>
              <td data-label="Why" class="why">
                {reason === null ? <span class="none">–</span> : <OutsideText text={reason} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {failed > notTaken.length && <p class="hint">These are the first {notTaken.length} of them.</p>}
    </>
  )
}
