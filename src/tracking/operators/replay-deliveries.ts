import type {
  DeliveryOutcome,
  NewAccountDelivery,
  NewDelivery,
  RecordedDelivery,
  RejectedDelivery,
} from '../../domain/delivery.ts'
import { TrackerError } from '../../domain/errors.ts'
import type { DeliveryFilter } from '../../domain/listed-delivery.ts'
import type { FinalStatus } from '../../domain/run.ts'
import type { Store } from '../../store/store.ts'
import { type ReplayRejectedDeps, replayRejected } from '../webhooks/replay-rejected.ts'
import { auditedThings } from './audited-things.ts'

export type ReplayDeliveriesDeps = ReplayRejectedDeps & {
  store: Pick<
    Store,
    'listDeliveries' | 'findRejected' | 'previewDelivery' | 'previewAccountDelivery' | 'recordAuditEntry'
  >
  clock: () => number
}

type ReplayReport = { total: number; byOutcome: { [outcome in DeliveryOutcome]: number } }

/** The number of deliveries whose bodies are in memory at a time. */
const STEP = 20

/** The number of deliveries that one audit entry names: a multiple of `STEP`. */
const PER_ENTRY = 200

/** The number of deliveries per read of the list. */
const PAGE = 200

/**
 * Replays the rejected deliveries that match a filter, the oldest first, at most `limit`; those that arrive meanwhile are not
 * included. With `dryRun` it only reports what each would result in. The audit entries are written before the replays that they
 * name: if the store fails in between, the audit log still names every delivery that was applied.
 */
export async function replayDeliveries(
  deps: ReplayDeliveriesDeps,
  request: {
    filter: DeliveryFilter & { outcome: 'rejected' }
    /** Null: all of them. */
    limit: number | null
    dryRun: boolean
    actor: string
    reason: string | null
  },
): Promise<ReplayReport> {
  const { filter, limit, dryRun, actor, reason } = request
  const deliveryIds = (await listIds(deps, filter)).slice(0, limit ?? undefined)
  const replayDeps = dryRun ? previewDeps(deps) : deps
  const report: ReplayReport = {
    total: 0,
    byOutcome: { applied: 0, duplicate: 0, contradicted: 0, ignored: 0, rejected: 0 },
  }
  for (let from = 0; from < deliveryIds.length; from += STEP) {
    if (!dryRun && from % PER_ENTRY === 0) {
      const audited = auditedThings('deliveryIds', deliveryIds.slice(from, from + PER_ENTRY))
      await deps.store.recordAuditEntry({ at: deps.clock(), actor, kind: 'replay', reason, ...audited })
    }
    const deliveries = await Promise.all(
      deliveryIds.slice(from, from + STEP).map((deliveryId) => deps.store.findRejected(deliveryId)),
    )
    // Started in order, so that the store decides them in order.
    const outcomes = deliveries.flatMap((rejected) => (rejected ? [outcomeOf(replayDeps, rejected)] : []))
    for (const outcome of await Promise.all(outcomes)) {
      report.total += 1
      report.byOutcome[outcome] += 1
    }
  }
  return report
}

/** The ids of all matching deliveries, the oldest first. */
async function listIds({ store }: ReplayDeliveriesDeps, filter: DeliveryFilter): Promise<string[]> {
  const deliveryIds: string[] = []
  let before: number | null = null
  do {
    const page: Awaited<ReturnType<Store['listDeliveries']>> = await store.listDeliveries(filter, {
      limit: PAGE,
      before,
    })
    deliveryIds.push(...page.deliveries.map(({ deliveryId }) => deliveryId))
    before = page.next
  } while (before !== null)
  return deliveryIds.toReversed()
}

async function outcomeOf(deps: ReplayRejectedDeps, rejected: RejectedDelivery): Promise<DeliveryOutcome> {
  try {
    return (await replayRejected(deps, rejected)).outcome
  } catch (error) {
    if (error instanceof TrackerError && error.code === 'unprocessable') return 'rejected'
    throw error
  }
}

/**
 * Replays with these dependencies have no effect, but report their outcome. A delivery that repeats or contradicts an earlier one of
 * the same preview is reported as `duplicate` or `contradicted`.
 */
function previewDeps(deps: ReplayDeliveriesDeps): ReplayRejectedDeps {
  const { store } = deps
  const applied = new Map<string, FinalStatus | null>()
  const afterEarlier = (key: string, status: FinalStatus | null, decided: RecordedDelivery) => {
    if (decided.outcome !== 'applied') return decided
    const earlier = applied.get(key)
    if (earlier === undefined) {
      applied.set(key, status)
      return decided
    }
    const outcome = earlier === status ? ('duplicate' as const) : ('contradicted' as const)
    return { ...decided, outcome }
  }
  return {
    ...deps,
    store: {
      async recordDelivery(delivery: NewDelivery) {
        const { submissionId, result } = delivery
        const key = JSON.stringify([submissionId, result.service])
        return afterEarlier(key, result.status, await store.previewDelivery(delivery))
      },
      async recordAccountDelivery(delivery: NewAccountDelivery) {
        const { eventId } = delivery.event
        const decided = await store.previewAccountDelivery(delivery)
        return eventId === null ? decided : afterEarlier(JSON.stringify([eventId]), null, decided)
      },
    },
    arrivalTimes: { remember() {} },
    meter: { deliveryRecorded() {}, deliveryNotRecorded() {} },
    successLog: { note() {} },
    log: { info() {} },
  }
}
