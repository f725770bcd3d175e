import type { DeliveryDetailView } from '../../tracking/operators/list-deliveries.ts'
import { assetHref, DELIVERIES, deliveryHref, runHref } from '../addresses.ts'
import { CodeBlock, prettyJson } from '../components/code-block.tsx'
import { CsrfForm, NoteField } from '../components/forms.tsx'
import { EmptyState, Layout } from '../components/layout.tsx'
import { Pill } from '../components/pill.tsx'
import { Time } from '../components/time.tsx'
import { UntrustedText } from '../components/untrusted-text.tsx'
import { deliveryCauseText } from '../delivery-cause.ts'
import type { Operator } from '../operator-session.ts'

type DeliveryProps = { operator: Operator; delivery: DeliveryDetailView }

export function DeliveryPage({ operator, delivery }: DeliveryProps) {
  const { deliveryId, outcome, cause, headers } = delivery
  return (
    <Layout title="Delivery" operator={operator} section={DELIVERIES}>
      <div class="head">
        <h1>Delivery</h1>
        <Pill value={outcome} />
      </div>
      {cause !== null && <p class="problem">{deliveryCauseText(cause)}.</p>}
      <div class="columns">
        <section class="card" aria-labelledby="facts">
          <h2 id="facts">Facts</h2>
          <Facts delivery={delivery} />
        </section>
        <section class="card" aria-labelledby="replay">
          <h2 id="replay">Replay</h2>
          <p>
            {outcome === 'rejected'
              ? 'It is re-verified with its original arrival time. Fix the cause first.'
              : 'Re-applies this webhook. Settled runs keep their status.'}
          </p>
          <CsrfForm operator={operator} action={`${deliveryHref(deliveryId)}/replay`}>
            <NoteField name="reason" label="Reason (optional)" hint="Saved to the audit log." />
            <button type="submit">Replay</button>
          </CsrfForm>
        </section>
      </div>
      <section class="card" aria-labelledby="body">
        <h2 id="body">Body</h2>
        <Body delivery={delivery} />
      </section>
      <section class="card" aria-labelledby="headers">
        <h2 id="headers">Headers</h2>
        {headers === null ? (
          <EmptyState title="Pruned" hint="Headers are deleted after RETENTION." />
        ) : (
          <>
            <dl class="facts headers">
              {Object.entries(headers).map(([name, value]) => (
                <>
                  <dt>
                    <UntrustedText text={name} />
                  </dt>
                  <dd>
                    <UntrustedText text={value} />
                  </dd>
                </>
              ))}
            </dl>
            <p class="hint">Signatures are never shown.</p>
          </>
        )}
      </section>
    </Layout>
  )
}

function Facts({ delivery }: { delivery: DeliveryDetailView }) {
  const { deliveryId, route, receivedAt, signature, service, fileId, runId, submissionId, body, bytes } =
    delivery
  return (
    <dl class="facts">
      <dt>Received</dt>
      <dd>
        <Time at={receivedAt} />
      </dd>
      <dt>Route</dt>
      <dd>{route}</dd>
      <dt>Signature</dt>
      <dd>{signature ?? '–'}</dd>
      <dt>Extension</dt>
      <dd>{service === null ? '–' : <UntrustedText text={service} />}</dd>
      <dt>File</dt>
      <dd class="id">
        {fileId === null ? (
          '–'
        ) : (
          <a href={assetHref(fileId)}>
            <UntrustedText text={fileId} />
          </a>
        )}
      </dd>
      <dt>Run</dt>
      <dd class="id">{runId === null ? '–' : <a href={runHref(runId)}>{runId}</a>}</dd>
      <dt>Submission</dt>
      <dd class="id">{submissionId ?? '–'}</dd>
      <dt>Delivery</dt>
      <dd class="id">{deliveryId}</dd>
      <dt>Size</dt>
      <dd>{body === null ? '–' : `${bytes.toLocaleString('en')} bytes`}</dd>
    </dl>
  )
}

function Body({ delivery: { body, bytes } }: { delivery: DeliveryDetailView }) {
  if (body === null) return <EmptyState title="Pruned" hint="Bodies are deleted after RETENTION." />
  if (bytes === 0)
    return (
      <EmptyState
        title="Empty"
        hint="The request had no body, or concerned an asset that had been forgotten."
      />
    )
  const stored = Buffer.byteLength(body)
  if (stored < bytes)
    return (
      <>
        <p class="problem">
          {stored === 0
            ? 'The body was not stored: it was too large, or did not arrive completely.'
            : `Only the first ${stored.toLocaleString('en')} bytes are stored, so this delivery cannot be replayed.`}
        </p>
        {stored > 0 && <CodeBlock id="body-raw" label="The beginning of the body" text={body} />}
      </>
    )
  const pretty = prettyJson(body)
  if (pretty === undefined || pretty === body)
    return <CodeBlock id="body-raw" label="The body as received" text={body} />
  return (
    <>
      <CodeBlock id="body-json" label="The body as JSON" text={pretty} />
      <details>
        <summary>As received</summary>
        <CodeBlock id="body-raw" label="The body as received" text={body} />
      </details>
    </>
  )
}
