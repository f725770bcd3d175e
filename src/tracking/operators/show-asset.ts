import { type AssetState, describeAsset } from '../../domain/asset.ts'
import { TrackerError } from '../../domain/errors.ts'
import { EVERY_DELIVERY } from '../../domain/listed-delivery.ts'
import type { Submission } from '../../domain/submission.ts'
import type { Store } from '../../store/store.ts'
import { type DeliveryView, deliveryView } from './delivery-view.ts'
import { type ListedRunView, listedRunView } from './listed-run-view.ts'

type ShowAssetDeps = {
  store: Pick<Store, 'listAssetSubmissions' | 'findAsset' | 'listDeliveries'>
}

export type ShownAsset = {
  fileId: string
  fileName: string | null
  status: AssetState
  /** The newest first. A run that is not current has a newer one in its place. */
  submissions: {
    submissionId: string
    kind: Submission['kind']
    state: Submission['state']
    createdAt: string
    keyName: string | null
    runs: (ListedRunView & { isCurrent: boolean })[]
  }[]
  /** Where the next page of submissions begins; null at the end. */
  next: number | null
  /** The newest of them. */
  deliveries: DeliveryView[]
}

const SUBMISSIONS = 50
const DELIVERIES = 20

/** What is held of an asset: its newest submissions, or those before a place. Throws `not_found`. */
export async function showAsset(
  { store }: ShowAssetDeps,
  fileId: string,
  before: number | null = null,
): Promise<ShownAsset> {
  const [{ submissions: held, next }, facts, { deliveries }] = await Promise.all([
    store.listAssetSubmissions(fileId, { limit: SUBMISSIONS, before }),
    store.findAsset(fileId),
    store.listDeliveries({ ...EVERY_DELIVERY, fileId }, { limit: DELIVERIES, before: null }),
  ])
  if (held.length === 0) throw new TrackerError('not_found', `Nothing is known of an asset ${fileId}.`)
  const asset = describeAsset(facts ?? { fileId, recordedAt: 0, runs: [] })
  const current = new Set(asset.runs.map(({ runId }) => runId))
  return {
    fileId,
    fileName: held.find(({ submission }) => submission.fileName !== null)?.submission.fileName ?? null,
    status: asset.status,
    submissions: held.map(({ submission, runs }) => {
      const { submissionId, kind, state, keyName, fileName } = submission
      return {
        submissionId,
        kind,
        state,
        keyName,
        createdAt: new Date(submission.createdAt).toISOString(),
        runs: runs.map((run) => ({
          ...listedRunView({ run, kind, fileId, fileName }),
          isCurrent: current.has(run.runId),
        })),
      }
    }),
    next,
    deliveries: deliveries.map(deliveryView),
  }
}
