import type { RetryProgress } from '../../domain/retry.ts'
import { AUDIT, FAILURES } from '../addresses.ts'
import { Layout } from '../components/layout.tsx'
import { failuresHref, WORKLIST } from '../failures-query.ts'
import type { Operator } from '../operator-door.ts'

/** A retry under way; the script asks again until it is over. */
export function RetryPage({ operator, progress }: { operator: Operator; progress: RetryProgress }) {
  const { total, done, failed, state } = progress
  const isRunning = state === 'running'
  return (
    <Layout title="Retry" operator={operator} room={FAILURES} refresh={isRunning ? 1 : undefined}>
      <div class="card narrow" data-live="progress" data-state={`${state}: ${done} of ${total}`}>
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
              ? 'Those that were not taken stand on the worklist as before; open one to see why.'
              : 'Each has a new run, which settles when its webhook comes.'}
          </p>
        )}
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
