import { hash } from 'node:crypto'
import type { Asset, AssetState } from '../../domain/asset.ts'
import { type AssetFacts, describeAsset } from '../../domain/asset.ts'
import type { RunStatus } from '../../domain/run.ts'
import { type RunView, runView } from './run-view.ts'

/** The status of one asset or submission at one moment, serialised once for all requests. */
export type StatusSnapshot = {
  /** The asset's id. For a submission: that of the asset to follow from now on; null if unknown, or if the submission is rejected. */
  fileId: string | null
  /** The body of the response: the status as JSON. */
  body: string
  /** A hash of the body, so that it is the same in every process, and after a restart. */
  version: string
  isPending: boolean
}

/** A snapshot that a cache has read: `readNumber` is higher than those of all reads of the cache that began earlier. */
export type ReadSnapshot = StatusSnapshot & { readNumber: number }

/** The one from the later read. */
export function newerOf(
  one: ReadSnapshot | undefined,
  other: ReadSnapshot | undefined,
): ReadSnapshot | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return one.readNumber > other.readNumber ? one : other
}

export function takeStatusSnapshot(facts: AssetFacts): StatusSnapshot {
  const asset = describeAsset(facts)
  const body = JSON.stringify(assetView(asset))
  return { fileId: asset.fileId, body, version: versionOf(body), isPending: asset.status === 'pending' }
}

export function versionOf(body: string): string {
  return hash('sha256', body, 'base64url')
}

/** An asset as the API returns it: its status and its current runs. */
type AssetView = {
  fileId: string
  status: AssetState
  /** The status of each current run by extension name, in the format of ImageKit's upload response. */
  extensionStatus: { [name: string]: RunStatus }
  extensions: RunView[]
  updatedAt: string
}

function assetView(asset: Asset): AssetView {
  return {
    fileId: asset.fileId,
    status: asset.status,
    // Created from entries, because an extension may have any name, including `__proto__`, which can't be assigned.
    extensionStatus: Object.fromEntries(asset.runs.map((run) => [run.name, run.status])),
    extensions: asset.runs.map(runView),
    updatedAt: new Date(asset.updatedAt).toISOString(),
  }
}
