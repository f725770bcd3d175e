import { isRefusalCause } from '../../domain/check-traffic.ts'
import type { RefusalCause } from '../../domain/delivery.ts'
import type { DeliveryFilter, DeliveryPlace, ListedDelivery } from '../../domain/listed-delivery.ts'

export type RefusedDeps = {
  store: {
    listDeliveries(
      filter: DeliveryFilter,
      page: { limit: number; before: DeliveryPlace | null },
    ): Promise<{ deliveries: ListedDelivery[]; next: DeliveryPlace | null }>
  }
  clock: () => number
}

const DAY_MS = 24 * 3_600_000
const PAGE_SIZE = 200
const MAX_PAGES = 10

/** How many webhooks were refused in the last day, by cause; `isAtLeast` where there are more than are counted here. */
export async function countRefused({
  store,
  clock,
}: RefusedDeps): Promise<{ counts: Map<RefusalCause, number>; isAtLeast: boolean }> {
  const since = clock() - DAY_MS
  const counts = new Map<RefusalCause, number>()
  let before: DeliveryPlace | null = null
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const filter: DeliveryFilter = { outcome: 'rejected', fileId: null }
    const { deliveries, next } = await store.listDeliveries(filter, { limit: PAGE_SIZE, before })
    for (const { receivedAt, cause } of deliveries) {
      if (receivedAt < since) return { counts, isAtLeast: false }
      if (isRefusalCause(cause)) counts.set(cause, (counts.get(cause) ?? 0) + 1)
    }
    if (next === null) return { counts, isAtLeast: false }
    before = next
  }
  return { counts, isAtLeast: true }
}
