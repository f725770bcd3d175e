import type { DeliveryFilter, KeptDelivery, ListedDelivery } from '../../domain/listed-delivery.ts'
import type { Statements } from './statements.ts'

type DeliveryRow = ReturnType<Statements['listDeliveries']['all']>[number]
type RefusedRow = ReturnType<Statements['listRefused']['all']>[number]

/** Recorded and rejected deliveries have their numbers from one counter, so they are one list. */
export function listDeliveries(
  statements: Statements,
  filter: DeliveryFilter,
  { limit, before }: { limit: number; before: number | null },
): { deliveries: ListedDelivery[]; next: number | null } {
  const place = before ?? Number.MAX_SAFE_INTEGER
  const recorded = listKept(statements, filter, place, limit + 1)
  const rejected = listRefused(statements, filter, place, limit + 1)
  const found = [
    ...recorded.map((row) => ({ seq: row.delivery.seq, delivery: toListedDelivery(row) })),
    ...rejected.map((row) => ({ seq: row.seq, delivery: toListedRefused(row) })),
  ].toSorted((one, other) => other.seq - one.seq)
  const page = found.slice(0, limit)
  const next = found.length > limit ? (page.at(-1)?.seq ?? null) : null
  return { deliveries: page.map(({ delivery }) => delivery), next }
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
