import type { ShownRetry } from '../../tracking/operators/retry-runs.ts'
import { AUDIT, FAILURES, runHref } from '../addresses.ts'
import { Layout } from '../components/layout.tsx'
import { OutsideText } from '../components/outside-text.tsx'
import { failuresHref, WORKLIST } from '../failures-query.ts'
import type { Operator } from '../operator-door.ts'

type RetryProps = { operator: Operator; retry: ShownRetry }

/** A retry under way; the script asks again until it is over. */
export function RetryPage({ operator, retry }: RetryProps) {
  const isRunning = retry.state === 'running'
  return (
    <Layout title="Retry" operator={operator} room={FAILURES} refresh={isRunning ? 1 : undefined}>
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
  const { total, done, failed, state } = retry
  const isRunning = state === 'running'
  return (
    <div class="stack" data-live="progress" data-state={`${state}: ${done} of ${total}`}>
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
        <dt>Taken by ImageKit</dt>
        <dd>{done - failed}</dd>
        <dt>Not taken, or not clearly</dt>
        <dd>{failed}</dd>
      </dl>
      {isRunning ? (
        <p class="hint">
          This page updates itself. Without JavaScript, reload it. A restart of the service repeats none.
        </p>
      ) : (
        <p>
          {failed > 0
            ? 'What was clearly not taken stands on the worklist as before.'
            : 'Each has a new run, which settles when its webhook comes.'}
        </p>
      )}
    </div>
  )
}

function NotTakenTable({ retry: { failed, notTaken } }: Pick<RetryProps, 'retry'>) {
  if (notTaken.length === 0) return <></>
  return (
    <>
      <table class="rows">
        <caption class="visually-hidden">Runs that ImageKit did not take, or not clearly</caption>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Why it was not taken</th>
          </tr>
        </thead>
        <tbody>
          {notTaken.map(({ runId, name, state, reason }) => (
            <tr>
              <th scope="row" data-label="Run">
                <a href={runHref(runId)}>
                  <OutsideText text={name} />
                </a>
                {state === 'unconfirmed' && <span class="tag">not clear</span>}
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
