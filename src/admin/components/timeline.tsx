import type { Evidence } from '../../domain/run.ts'
import type { ShownRun } from '../../tracking/operators/show-run.ts'
import { deliveryHref } from '../addresses.ts'
import { deliveryCauseText } from '../delivery-cause.ts'
import { Pill } from './pill.tsx'
import { Time } from './time.tsx'
import { ImagekitError, UntrustedText } from './untrusted-text.tsx'

type TimelineEvent = ShownRun['timeline'][number]

/** The events of a run, the oldest first. */
export function Timeline({ events }: { events: readonly TimelineEvent[] }) {
  return (
    <ol class="timeline">
      {events.map((event) => (
        <li class={event.what}>
          <Time at={event.at} />
          <div>
            <TimelineEventText event={event} />
          </div>
        </li>
      ))}
    </ol>
  )
}

const KINDS = {
  upload: 'via upload',
  update: 'via update',
  external: 'via direct upload or update',
} as const

const SOURCES = {
  request: 'by the request',
  response: 'by ImageKit’s response',
  webhook: 'by a webhook',
  reconcile: 'by evidence, without a webhook',
  expiry: 'by expiry',
} as const

/**
 * A text for each kind of audit entry. Only entries whose subject is a run occur here: `retry`, `acknowledge` and `unacknowledge`. An
 * acknowledgement of several runs at once has no subject, so it is not in the timeline.
 */
const ACTIONS = {
  retry: 'retried it',
  retry_many: 'retried it with other runs',
  acknowledge: 'acknowledged it',
  unacknowledge: 'revoked the acknowledgement',
  replay: 'replayed a webhook',
  resend: 'resent the notification',
  forget: 'forgot the asset',
  reconcile: 'reconciled it',
  backup: 'made a backup',
} as const

function TimelineEventText({ event }: { event: TimelineEvent }) {
  switch (event.what) {
    case 'requested':
      return (
        <>
          <strong>Requested</strong> by {event.by ?? 'an unknown caller'} {KINDS[event.kind]}
          {event.attempt > 1 && `, attempt ${event.attempt}`}
        </>
      )
    case 'responded':
      return (
        <>
          <strong>ImageKit’s response:</strong> {event.state}
          {event.error !== null && (
            <>
              , <UntrustedText text={event.error.message} />
            </>
          )}
          {event.requestId !== null && (
            <span class="hint">
              request id{' '}
              <code>
                <UntrustedText text={event.requestId} />
              </code>
            </span>
          )}
        </>
      )
    case 'delivery':
      return (
        <>
          <a href={deliveryHref(event.deliveryId)}>Webhook</a> <Pill value={event.outcome} />
          {event.cause !== null && <span class="hint">{deliveryCauseText(event.cause)}</span>}
        </>
      )
    case 'settled':
      return (
        <>
          <strong>Settled</strong> <Pill value={event.status} /> {SOURCES[event.source]}
          {event.error !== null && (
            <span class="hint">
              <ImagekitError error={event.error} />
            </span>
          )}
          {event.evidence !== null && <EvidenceText evidence={event.evidence} />}
        </>
      )
    case 'expired':
      return (
        <>
          <Pill value="expired" />{' '}
          {event.reason === 'asset_gone'
            ? 'ImageKit no longer has this file'
            : 'No final status arrived in time, and no evidence of the result was found'}
        </>
      )
    case 'notified':
      return (
        <>
          <strong>Notification to the caller:</strong> {event.result ?? 'not sent yet'}, attempt{' '}
          {event.attempt}
          {event.reason !== null && (
            <span class="hint">
              <UntrustedText text={event.reason} />
            </span>
          )}
        </>
      )
    default:
      return (
        <>
          <strong>{event.by}</strong> {ACTIONS[event.what]}
          {event.reason !== null && (
            <span class="hint">
              “<UntrustedText text={event.reason} />”
            </span>
          )}
        </>
      )
  }
}

/** The evidence that the extension succeeded. */
function EvidenceText({ evidence }: { evidence: Evidence }) {
  switch (evidence.kind) {
    case 'new_ai_tags': {
      const added = evidence.now.filter((tag) => !evidence.before.includes(tag))
      return (
        <span class="hint">
          New tags from <UntrustedText text={evidence.source} />: <UntrustedText text={added.join(', ')} />
        </span>
      )
    }
    case 'newer_version':
      return (
        <span class="hint">
          New version: <UntrustedText text={evidence.before.name ?? evidence.before.id} /> →{' '}
          <UntrustedText text={evidence.now.name ?? evidence.now.id} />
        </span>
      )
    case 'new_description':
      return (
        <span class="hint">
          New description: <UntrustedText text={evidence.now} />
        </span>
      )
  }
}
