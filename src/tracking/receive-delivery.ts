import type { NewDelivery, RecordedDelivery } from '../domain/delivery.ts'

type ReceiveDeliveryDeps = {
  store: { recordDelivery(delivery: NewDelivery): Promise<RecordedDelivery> }
  board: { changed(fileId: string): void }
  log: { info(fields: object, text: string): void }
}

/** Takes a delivery. Resolves once it and its effect are on disk; only then may it be answered with 200. */
export async function receiveDelivery(
  { store, board, log }: ReceiveDeliveryDeps,
  delivery: NewDelivery,
): Promise<RecordedDelivery> {
  const recorded = await store.recordDelivery(delivery)
  if (recorded.fileId !== null && recorded.outcome !== 'ignored') board.changed(recorded.fileId)
  const { deliveryId, submissionId, word } = delivery
  const { outcome, cause, fileId } = recorded
  log.info(
    { deliveryId, submissionId, outcome, cause, fileId, service: word.service, status: word.status },
    'delivery',
  )
  return recorded
}
