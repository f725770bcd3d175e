import type { AuditEntry } from '../../domain/audit-entry.ts'
import type { AuditEntryView } from '../../tracking/operators/list-audit-entries.ts'
import { AUDIT, deliveryHref, retryHref, runHref } from '../addresses.ts'
import { EmptyState, Layout } from '../components/layout.tsx'
import { Pager } from '../components/pager.tsx'
import { Time } from '../components/time.tsx'
import { UntrustedText } from '../components/untrusted-text.tsx'
import type { Operator } from '../operator-session.ts'

type AuditProps = {
  operator: Operator
  auditEntries: readonly AuditEntryView[]
  newest: string | null
  older: string | null
}

const ACTION_TEXTS = {
  retry: 'retried a run',
  acknowledge: 'acknowledged',
  unacknowledge: 'revoked an acknowledgement',
  replay: 'replayed',
  resend: 'resent',
  forget: 'forgot an asset',
  reconcile: 'reconciled',
  backup: 'made a backup',
} as const satisfies Record<Exclude<AuditEntry['kind'], 'retry_many'>, string>

export function AuditPage({ operator, auditEntries, newest, older }: AuditProps) {
  return (
    <Layout title="Audit" operator={operator} section={AUDIT}>
      <h1>Audit</h1>
      <p class="hint">
        Actions of operators, with the name of their key. Ids of forgotten assets are shown as hashes.
      </p>
      {auditEntries.length === 0 ? (
        <EmptyState
          title="No actions yet"
          hint="Retries, acknowledgements and their revocations, replays, resent notifications, forgotten assets, reconciliations and backups are listed here."
        />
      ) : (
        <table class="rows">
          <caption class="visually-hidden">Actions of operators, newest first</caption>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Operator</th>
              <th scope="col">Action</th>
              <th scope="col">Target</th>
              <th scope="col">Reason or note</th>
            </tr>
          </thead>
          <tbody>
            {auditEntries.map((entry) => (
              <tr>
                <td data-label="Time" class="when">
                  <Time at={entry.at} />
                </td>
                <th scope="row" data-label="Operator">
                  {entry.actor}
                </th>
                <td data-label="Action">
                  <Action entry={entry} />
                </td>
                <td data-label="Target" class="file">
                  <Target entry={entry} />
                </td>
                <td data-label="Reason or note" class="why">
                  {entry.reason === null ? (
                    <span class="none">–</span>
                  ) : (
                    <UntrustedText text={entry.reason} />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Pager newest={newest} older={older} />
    </Layout>
  )
}

/**
 * For example `retried 10 runs`, or `retried runs: unknown_foreground`. The number is recorded only for runs that were selected one by
 * one, the cause only for a filter.
 */
function Action({ entry: { kind, details } }: { entry: AuditEntryView }) {
  if (kind !== 'retry_many') return <>{ACTION_TEXTS[kind]}</>
  const runIds = details?.['runIds']
  const cause = details?.['cause']
  return (
    <>
      retried {Array.isArray(runIds) ? withCount(runIds.length, 'run') : 'runs'}
      {typeof cause === 'string' && (
        <>
          : <UntrustedText text={cause} />
        </>
      )}
    </>
  )
}

function Target({ entry }: { entry: AuditEntryView }) {
  const { kind, subject, details } = entry
  if (subject === null) return <span>{affectedText(details)}</span>
  switch (kind) {
    case 'retry':
    case 'acknowledge':
    case 'unacknowledge':
      return <Id href={runHref(subject)} text={subject} />
    case 'retry_many':
      return <Id href={retryHref(subject)} text={subject} />
    case 'replay':
      return <Id href={deliveryHref(subject)} text={subject} />
    case 'resend':
    case 'forget':
    case 'reconcile':
    case 'backup':
      return <Id text={subject} />
  }
}

function Id({ href, text }: { href?: string; text: string }) {
  if (href === undefined)
    return (
      <span class="id">
        <UntrustedText text={text} />
      </span>
    )
  return (
    <a class="id" href={href}>
      <UntrustedText text={text} />
    </a>
  )
}

/** What an action without a single target affected: a number of runs, webhooks, notifications or bytes; a dash if it is not recorded. */
function affectedText(details: AuditEntryView['details']): string {
  const runs = details?.['runIds'] ?? details?.['runs']
  if (Array.isArray(runs)) return withCount(runs.length, 'run')
  if (typeof runs === 'number') return withCount(runs, 'run')
  const deliveryIds = details?.['deliveryIds']
  if (Array.isArray(deliveryIds)) return withCount(deliveryIds.length, 'webhook')
  const notificationIds = details?.['notificationIds']
  if (Array.isArray(notificationIds)) return withCount(notificationIds.length, 'notification')
  const bytes = details?.['bytes']
  return typeof bytes === 'number' ? `${bytes.toLocaleString('en')} bytes` : '–'
}

function withCount(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count.toLocaleString('en')} ${noun}s`
}
