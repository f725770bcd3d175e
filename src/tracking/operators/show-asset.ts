import { type AssetState, describeAsset } from '../../domain/asset.ts'
import { TrackerError } from '../../domain/errors.ts'
import { EVERY_DELIVERY } from '../../domain/listed-delivery.ts'
import type { Submission } from '../../domain/submission.ts'
import type { Store } from '../../store/store.ts'
import { type DeliveryView, deliveryView } from './list-deliveries.ts'
import { type ListedRunView, listedRunView } from './list-runs.ts'

export type ShowAssetDeps = {
  store: Pick<Store, 'listAssetSubmissions' | 'findAsset' | 'listDeliveries'>
}

export type ShownAsset = {
  fileId: string
  /** The newest known name among the submissions of this page. */
  fileName: string | null
  status: AssetState
  /** The newest first. A run that is not current was replaced by a newer one, or its submission was rejected. */
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
  /** The newest deliveries about the asset. */
  deliveries: DeliveryView[]
}

const SUBMISSIONS_PER_PAGE = 50
const MAX_DELIVERIES = 20

/** What is stored about an asset: its newest submissions or a later page of them, and its newest deliveries. Throws `not_found`. */
export async function showAsset(
  { store }: ShowAssetDeps,
  fileId: string,
  before: number | null = null,
): Promise<ShownAsset> {
  const [{ submissions: found, next }, facts, { deliveries }] = await Promise.all([
    store.listAssetSubmissions(fileId, { limit: SUBMISSIONS_PER_PAGE, before }),
    store.findAsset(fileId),
    store.listDeliveries({ ...EVERY_DELIVERY, fileId }, { limit: MAX_DELIVERIES, before: null }),
  ])
  if (found.length === 0) throw new TrackerError('not_found', `There is no asset ${fileId}.`)
  // Without facts, all submissions of the asset are rejected, so it has no current runs.
  const asset = describeAsset(facts ?? { fileId, recordedAt: 0, runs: [] })
  const current = new Set(asset.runs.map(({ runId }) => runId))
  return {
    fileId,
    fileName: found.find(({ submission }) => submission.fileName !== null)?.submission.fileName ?? null,
    status: asset.status,
    submissions: found.map(({ submission, runs }) => {
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
