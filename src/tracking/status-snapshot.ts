import { hash } from 'node:crypto'
import { type AssetFacts, describeAsset } from '../domain/asset.ts'
import { assetView } from './asset-view.ts'

/** The status of one asset at one moment, serialized once for all who ask for it. */
export type StatusSnapshot = {
  fileId: string
  /** The JSON of the asset's view. */
  body: string
  /** A strong ETag, with its quotes. It follows from the body alone: the same in every process, and after a restart. */
  etag: string
  isPending: boolean
}

export function takeStatusSnapshot(facts: AssetFacts): StatusSnapshot {
  const asset = describeAsset(facts)
  const body = JSON.stringify(assetView(asset))
  const digest = hash('sha256', body, 'base64url')
  return { fileId: asset.fileId, body, etag: `"${digest}"`, isPending: asset.status === 'pending' }
}
