import type {
  DeliveryFilter,
  DeliveryPlace,
  KeptDelivery,
  ListedDelivery,
} from '../../domain/listed-delivery.ts'
import type { Statements } from './statements.ts'

type DeliveryRow = ReturnType<Statements['listDeliveries']['all']>[number]
type RefusedRow = ReturnType<Statements['listRefused']['all']>[number]

const NEWEST: DeliveryPlace = { kept: null, refused: null }

/** Those that count and those that were refused, each in the order of insertion, merged by the time at which they came. */
export function listDeliveries(
  statements: Statements,
  filter: DeliveryFilter,
  { limit, before }: { limit: number; before: DeliveryPlace | null },
): { deliveries: ListedDelivery[]; next: DeliveryPlace | null } {
  const place = { ...(before ?? NEWEST) }
  const kept = listKept(statements, filter, place.kept ?? Number.MAX_SAFE_INTEGER, limit + 1)
  const refused = listRefused(statements, filter, place.refused ?? Number.MAX_SAFE_INTEGER, limit + 1)
  const deliveries: ListedDelivery[] = []
  for (;;) {
    const [one, other] = [kept[0], refused[0]]
    if (one === undefined && other === undefined) return { deliveries, next: null }
    if (deliveries.length === limit) return { deliveries, next: place }
    if (one && (!other || one.delivery.receivedAt >= other.receivedAt)) {
      kept.shift()
      place.kept = one.delivery.seq
      deliveries.push(toListedDelivery(one))
    } else if (other) {
      refused.shift()
      place.refused = other.seq
      deliveries.push(toListedRefused(other))
    }
  }
}

function listKept(
  statements: Statements,
  { outcome, fileId }: DeliveryFilter,
  before: number,
  limit: number,
): DeliveryRow[] {
  if (fileId !== null) {
    const found = statements.listSubmissionsOfFile
      .all({ fileId })
      .flatMap(({ seq }) => statements.listOfSubmission.all({ submissionSeq: seq, outcome, before, limit }))
      .concat(statements.listOfFile.all({ fileId, outcome, before, limit }))
    const bySeq = new Map(found.map((row) => [row.delivery.seq, row]))
    return [...bySeq.values()].toSorted((one, other) => other.delivery.seq - one.delivery.seq).slice(0, limit)
  }
  if (outcome === null) return statements.listDeliveries.all({ before, limit })
  if (outcome === 'applied') return statements.listApplied.all({ before, limit })
  return statements.listOutcome.all({ outcome, before, limit })
}

function listRefused(
  statements: Statements,
  { outcome, fileId }: DeliveryFilter,
  before: number,
  limit: number,
): RefusedRow[] {
  const isAsked = fileId === null && (outcome === null || outcome === 'rejected')
  return isAsked ? statements.listRefused.all({ before, limit }) : []
}

export function findDelivery(statements: Statements, deliveryId: string): KeptDelivery | undefined {
  const row = statements.findDelivery.get({ deliveryId })
  if (row !== undefined) {
    const kept = statements.findDeliveryBody.get({ deliverySeq: row.delivery.seq })
    const { headers = null, body = null } = kept ?? {}
    return { ...toListedDelivery(row), headers, body, bytes: body?.length ?? 0 }
  }
  const refused = statements.findRefused.get({ deliveryId })
  if (refused === undefined) return undefined
  const { headers, body, bytes } = refused
  return { ...toListedRefused(refused), headers, body, bytes }
}

export function toListedDelivery({ delivery, submissionId, runId }: DeliveryRow): ListedDelivery {
  const { deliveryId, route, receivedAt, outcome, cause, signature, fileId, service } = delivery
  return {
    deliveryId,
    route,
    receivedAt,
    outcome,
    cause,
    signature,
    submissionId,
    runId,
    fileId,
    service,
  }
}

function toListedRefused({ deliveryId, route, receivedAt, cause, submissionId }: RefusedRow): ListedDelivery {
  const nothing = { signature: null, runId: null, fileId: null, service: null }
  return { deliveryId, route, receivedAt, outcome: 'rejected', cause, submissionId, ...nothing }
}
