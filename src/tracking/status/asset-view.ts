import type { Asset, AssetState } from '../../domain/asset.ts'
import type { RunStatus } from '../../domain/run.ts'
import { type RunView, runView } from './run-view.ts'

/** An asset as the API returns it: its status and its current runs. */
export type AssetView = {
  fileId: string
  status: AssetState
  /** The status of each current run by extension name, in the format of ImageKit's upload response. */
  extensionStatus: { [name: string]: RunStatus }
  extensions: RunView[]
  updatedAt: string
}

export function assetView(asset: Asset): AssetView {
  return {
    fileId: asset.fileId,
    status: asset.status,
    // Not by assignment: an extension may have any name, including `__proto__`.
    extensionStatus: Object.fromEntries(asset.runs.map((run) => [run.name, run.status])),
    extensions: asset.runs.map(runView),
    updatedAt: new Date(asset.updatedAt).toISOString(),
  }
}
