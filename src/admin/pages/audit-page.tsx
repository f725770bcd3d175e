import type { AuditEntry } from '../../domain/audit-entry.ts'
import type { ActView } from '../../tracking/operators/list-acts.ts'
import { AUDIT, deliveryHref, retryHref, runHref } from '../addresses.ts'
import { Layout } from '../components/layout.tsx'
import { OutsideText } from '../components/outside-text.tsx'
import { EmptyState, Pager } from '../components/pager.tsx'
import { Time } from '../components/time.tsx'
import type { Operator } from '../operator-door.ts'

type AuditProps = {
  operator: Operator
  acts: readonly ActView[]
  newest: string | null
  older: string | null
}

const WORDS = {
  retry: 'asked for a run again',
  retry_many: 'asked for many runs again',
  acknowledge: 'acknowledged',
  replay: 'replayed a delivery',
  forget: 'forgot an asset',
  reconcile: 'reconciled at once',
  backup: 'took a backup',
} as const satisfies Record<AuditEntry['kind'], string>

export function AuditPage({ operator, acts, newest, older }: AuditProps) {
  return (
    <Layout title="Audit" operator={operator} room={AUDIT}>
      <h1>Audit</h1>
      <p class="hint">
        What operators have done, by the name of their key. An asset that was forgotten is named by its hash.
      </p>
      {acts.length === 0 ? (
        <EmptyState
          title="Nobody has done anything yet"
          hint="Each retry, acknowledgement, replay, forgetting, reconciliation and backup is written down here."
        />
      ) : (
        <table class="rows">
          <caption class="visually-hidden">Acts of operators, the newest first</caption>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Who</th>
              <th scope="col">What</th>
              <th scope="col">To what</th>
              <th scope="col">Reason or note</th>
            </tr>
          </thead>
          <tbody>
            {acts.map((act) => (
              <tr>
                <td data-label="When" class="when">
                  <Time at={act.at} />
                </td>
                <th scope="row" data-label="Who">
                  {act.actor}
                </th>
                <td data-label="What">{WORDS[act.kind]}</td>
                <td data-label="To what" class="file">
                  <Subject act={act} />
                </td>
                <td data-label="Reason or note" class="why">
                  {act.reason === null ? <span class="none">–</span> : <OutsideText text={act.reason} />}
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

function Subject({ act }: { act: ActView }) {
  const { kind, subject, details } = act
  if (subject === null) return <span>{countText(details)}</span>
  switch (kind) {
    case 'retry':
    case 'acknowledge':
      return <Id href={runHref(subject)} text={subject} />
    case 'retry_many':
      return <Id href={retryHref(subject)} text={subject} />
    case 'replay':
      return <Id href={deliveryHref(subject)} text={subject} />
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
        <OutsideText text={text} />
      </span>
    )
  return (
    <a class="id" href={href}>
      <OutsideText text={text} />
    </a>
  )
}

function countText(details: ActView['details']): string {
  const runs = details?.['runIds'] ?? details?.['runs']
  if (Array.isArray(runs)) return `${runs.length} runs`
  if (typeof runs === 'number') return `${runs} runs`
  const bytes = details?.['bytes']
  return typeof bytes === 'number' ? `${bytes.toLocaleString('en')} bytes` : '–'
}
