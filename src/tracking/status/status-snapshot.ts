import { hash } from 'node:crypto'
import { type AssetFacts, describeAsset } from '../../domain/asset.ts'
import { assetView } from './asset-view.ts'

/** The status of one asset or submission at one moment, serialized once for all requests. */
export type StatusSnapshot = {
  /** The asset; for a submission, the asset to follow from now on, or null. */
  fileId: string | null
  /** The view as JSON. */
  body: string
  /** A strong ETag, with its quotes. It depends only on the body: it is the same in every process, and after a restart. */
  etag: string
  isPending: boolean
}

export function takeStatusSnapshot(facts: AssetFacts): StatusSnapshot {
  const asset = describeAsset(facts)
  const body = JSON.stringify(assetView(asset))
  const digest = hash('sha256', body, 'base64url')
  return { fileId: asset.fileId, body, etag: `"${digest}"`, isPending: asset.status === 'pending' }
}
