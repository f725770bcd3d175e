import type { Evidence } from '../../domain/status-reason.ts'
import type { ShownRun } from '../../tracking/operators/show-run.ts'
import { deliveryHref } from '../addresses.ts'
import { causeText } from '../cause-text.ts'
import { errorText } from '../error-text.ts'
import { OutsideText } from './outside-text.tsx'
import { Pill } from './pill.tsx'
import { Time } from './time.tsx'

type Happening = ShownRun['timeline'][number]

/** What has happened to a run, the oldest first. */
export function Timeline({ happenings }: { happenings: readonly Happening[] }) {
  return (
    <ol class="timeline">
      {happenings.map((happening) => (
        <li class={happening.what}>
          <Time at={happening.at} />
          <div>
            <HappeningText happening={happening} />
          </div>
        </li>
      ))}
    </ol>
  )
}

const SOURCES = {
  request: 'by the request',
  response: 'by ImageKit’s answer',
  webhook: 'by a webhook',
  reconcile: 'by evidence, no webhook having come',
  expiry: 'by the end of the wait',
} as const

const ACTS = {
  retry: 'asked for it again',
  retry_many: 'asked for it again, with others',
  acknowledge: 'acknowledged it',
  replay: 'replayed a delivery of it',
  forget: 'forgot it',
  reconcile: 'reconciled it',
  backup: 'took a backup',
} as const

function HappeningText({ happening }: { happening: Happening }) {
  switch (happening.what) {
    case 'requested':
      return (
        <>
          <strong>Requested</strong> by {happening.by ?? 'nobody known'} as part of an {happening.kind}{' '}
          submission
          {happening.attempt > 1 && `, attempt ${happening.attempt}`}
        </>
      )
    case 'answered':
      return (
        <>
          <strong>ImageKit’s answer:</strong> {happening.state}
          {happening.error !== null && (
            <>
              , <OutsideText text={happening.error.message} />
            </>
          )}
          {happening.requestId !== null && (
            <span class="hint">
              request id{' '}
              <code>
                <OutsideText text={happening.requestId} />
              </code>
            </span>
          )}
        </>
      )
    case 'delivery':
      return (
        <>
          <a href={deliveryHref(happening.deliveryId)}>Webhook</a> <Pill of={happening.outcome} />
          {happening.cause !== null && <span class="hint">{causeText(happening.cause)}</span>}
        </>
      )
    case 'settled':
      return (
        <>
          <strong>Settled</strong> <Pill of={happening.status} /> {SOURCES[happening.source]}
          {happening.error !== null && (
            <span class="hint">
              <OutsideText text={errorText(happening.error)} />
            </span>
          )}
          {happening.evidence !== null && <EvidenceText evidence={happening.evidence} />}
        </>
      )
    case 'expired':
      return (
        <>
          <Pill of="expired" />{' '}
          {happening.reason === 'asset_gone'
            ? 'ImageKit has no such file any more'
            : 'No final word came in time, and nothing shows what became of it'}
        </>
      )
    case 'told':
      return (
        <>
          <strong>Its caller</strong> is told: {happening.result ?? 'not yet'}, attempt {happening.attempt}
          {happening.reason !== null && (
            <span class="hint">
              <OutsideText text={happening.reason} />
            </span>
          )}
        </>
      )
    default:
      return (
        <>
          <strong>{happening.by}</strong> {ACTS[happening.what]}
          {happening.reason !== null && (
            <span class="hint">
              “<OutsideText text={happening.reason} />”
            </span>
          )}
        </>
      )
  }
}

/** What shows that an extension has done its work. */
function EvidenceText({ evidence }: { evidence: Evidence }) {
  switch (evidence.kind) {
    case 'new_ai_tags': {
      const added = evidence.now.filter((tag) => !evidence.before.includes(tag))
      return (
        <span class="hint">
          New tags of <OutsideText text={evidence.source} />: <OutsideText text={added.join(', ')} />
        </span>
      )
    }
    case 'newer_version':
      return (
        <span class="hint">
          A newer version: <OutsideText text={evidence.before.name ?? evidence.before.id} /> →{' '}
          <OutsideText text={evidence.now.name ?? evidence.now.id} />
        </span>
      )
    case 'new_description':
      return (
        <span class="hint">
          A new description: <OutsideText text={evidence.now} />
        </span>
      )
  }
}
