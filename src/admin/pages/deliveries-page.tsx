import type { DeliveryOutcome } from '../../domain/delivery.ts'
import type { DeliveryFilter } from '../../domain/listed-delivery.ts'
import type { DeliveryView } from '../../tracking/operators/list-deliveries.ts'
import { DELIVERIES, withQuery } from '../addresses.ts'
import { DeliveryTable } from '../components/delivery-table.tsx'
import { HiddenFields } from '../components/forms.tsx'
import { EmptyState, Layout } from '../components/layout.tsx'
import { Pager } from '../components/pager.tsx'
import type { Operator } from '../operator-session.ts'

const OUTCOMES = [
  'applied',
  'duplicate',
  'contradicted',
  'ignored',
  'rejected',
] as const satisfies DeliveryOutcome[]

type DeliveriesProps = {
  operator: Operator
  filter: DeliveryFilter
  /** The filter as query parameters, which the tabs and the form keep. */
  parameters: { readonly [name: string]: string }
  deliveries: readonly DeliveryView[]
  newest: string | null
  older: string | null
  notice?: string | undefined
}

export function DeliveriesPage(props: DeliveriesProps) {
  const { operator, filter, parameters, deliveries, newest, older, notice } = props
  const { outcome, fileId } = filter
  return (
    <Layout title="Deliveries" operator={operator} section={DELIVERIES} notice={notice}>
      <h1>Deliveries</h1>
      <p class="hint">Received webhooks, including rejected ones.</p>
      <nav aria-label="Outcome" class="tabs">
        <a
          href={withQuery(DELIVERIES, { ...parameters, outcome: null })}
          aria-current={outcome === null ? 'true' : undefined}
        >
          all
        </a>
        {OUTCOMES.map((name) => (
          <a
            href={withQuery(DELIVERIES, { ...parameters, outcome: name })}
            aria-current={name === outcome ? 'true' : undefined}
          >
            {name}
          </a>
        ))}
      </nav>
      <form method="get" action={DELIVERIES} class="filter" autocomplete="off">
        <HiddenFields
          fields={Object.entries(parameters).filter(([name, value]) => name !== 'fileId' && value !== '')}
        />
        <div class="field">
          <label for="fileId">File id</label>
          <input
            type="text"
            id="fileId"
            name="fileId"
            value={fileId ?? ''}
            autocomplete="off"
            spellcheck={false}
          />
        </div>
        <button type="submit">Apply</button>
      </form>
      {deliveries.length === 0 ? (
        <NoDeliveries filter={filter} isLastPage={older === null} />
      ) : (
        <DeliveryTable deliveries={deliveries} caption="Deliveries, newest first" />
      )}
      <Pager newest={newest} older={older} />
    </Layout>
  )
}

function NoDeliveries({ filter, isLastPage }: { filter: DeliveryFilter; isLastPage: boolean }) {
  if (!isLastPage)
    return (
      <EmptyState
        title="No match so far"
        hint="Not all deliveries can be searched at once. Continue with “Older”."
      />
    )
  const active = Object.entries(filter).flatMap(([name, value]) => (value === null ? [] : [name]))
  if (active.length === 0)
    return (
      <EmptyState
        title="No webhooks yet"
        hint="ImageKit sends one when an extension finishes. If none arrives, check that PUBLIC_URL is reachable from the internet."
      />
    )
  if (filter.outcome === 'rejected' && active.length === 1)
    return (
      <EmptyState
        title="No rejected webhooks"
        hint="Webhooks with an invalid token, signature or body, or for an unknown submission, appear here."
      />
    )
  return (
    <EmptyState
      title="No deliveries match"
      hint="Choose another outcome or file id, or open Deliveries without filters. Rejected deliveries can’t be found by file id."
    />
  )
}
