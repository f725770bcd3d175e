import type { DeliveryDetailView } from '../../tracking/operators/delivery-view.ts'
import { assetHref, DELIVERIES, deliveryHref, runHref } from '../addresses.ts'
import { causeText } from '../cause-text.ts'
import { CodeBlock } from '../components/code-block.tsx'
import { NoteField, OwnForm } from '../components/forms.tsx'
import { Layout } from '../components/layout.tsx'
import { OutsideText } from '../components/outside-text.tsx'
import { EmptyState } from '../components/pager.tsx'
import { Pill } from '../components/pill.tsx'
import { Time } from '../components/time.tsx'
import type { Operator } from '../operator-door.ts'
import { prettyJson } from '../pretty-json.ts'

type DeliveryProps = { operator: Operator; delivery: DeliveryDetailView }

export function DeliveryPage({ operator, delivery }: DeliveryProps) {
  const { deliveryId, outcome, cause, headers } = delivery
  return (
    <Layout title="Delivery" operator={operator} room={DELIVERIES}>
      <div class="head">
        <h1>Delivery</h1>
        <Pill of={outcome} />
      </div>
      {cause !== null && <p class="problem">{causeText(cause)}.</p>}
      <div class="columns">
        <section class="card" aria-labelledby="facts">
          <h2 id="facts">Facts</h2>
          <Facts delivery={delivery} />
        </section>
        <section class="card" aria-labelledby="replay">
          <h2 id="replay">Replay</h2>
          <p>
            {outcome === 'rejected'
              ? 'It is judged again as of the time at which it came. Mend what it was refused for first.'
              : 'It is applied again. What counts already stays as it is.'}
          </p>
          <OwnForm operator={operator} action={`${deliveryHref(deliveryId)}/replay`}>
            <NoteField name="reason" label="Reason (optional)" hint="Saved to the audit log." />
            <button type="submit">Replay</button>
          </OwnForm>
        </section>
      </div>
      <section class="card" aria-labelledby="body">
        <h2 id="body">Body</h2>
        <Body delivery={delivery} />
      </section>
      <section class="card" aria-labelledby="headers">
        <h2 id="headers">Headers</h2>
        {headers === null ? (
          <EmptyState title="Pruned" hint="Headers are kept for as long as RETENTION says." />
        ) : (
          <>
            <dl class="facts headers">
              {Object.entries(headers).map(([name, value]) => (
                <>
                  <dt>
                    <OutsideText text={name} />
                  </dt>
                  <dd>
                    <OutsideText text={value} />
                  </dd>
                </>
              ))}
            </dl>
            <p class="hint">Signatures are kept for the replay, and never shown.</p>
          </>
        )}
      </section>
    </Layout>
  )
}

function Facts({ delivery }: { delivery: DeliveryDetailView }) {
  const { deliveryId, route, receivedAt, signature, service, fileId, runId, submissionId, bytes } = delivery
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
      <dd>{service === null ? '–' : <OutsideText text={service} />}</dd>
      <dt>File</dt>
      <dd class="id">
        {fileId === null ? (
          '–'
        ) : (
          <a href={assetHref(fileId)}>
            <OutsideText text={fileId} />
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
      <dd>{bytes.toLocaleString('en')} bytes</dd>
    </dl>
  )
}

function Body({ delivery: { body, bytes } }: DeliveryProps | { delivery: DeliveryDetailView }) {
  if (body === null)
    return <EmptyState title="Pruned" hint="Bodies are kept for as long as RETENTION says." />
  if (bytes === 0) return <EmptyState title="Empty" hint="The request had no body." />
  const pretty = prettyJson(body)
  if (pretty === undefined || pretty === body)
    return <CodeBlock id="body-raw" label="The body as it came" text={body} />
  return (
    <>
      <CodeBlock id="body-json" label="The body as JSON" text={pretty} />
      <details>
        <summary>As it came</summary>
        <CodeBlock id="body-raw" label="The body as it came" text={body} />
      </details>
    </>
  )
}
