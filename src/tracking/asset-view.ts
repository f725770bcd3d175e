import type { Asset, AssetState } from '../domain/asset.ts'
import type { RunStatus } from '../domain/run.ts'
import { type RunView, runView } from './run-view.ts'

/** An asset as callers read it: its status, and its current runs. */
export type AssetView = {
  fileId: string
  status: AssetState
  /** The status of each current run by the name of its extension, as ImageKit tells it in an upload's answer. */
  extensionStatus: { [name: string]: RunStatus }
  extensions: RunView[]
  updatedAt: string
}

export function assetView(asset: Asset): AssetView {
  return {
    fileId: asset.fileId,
    status: asset.status,
    // Not by assignment: an extension may have any name, `__proto__` too.
    extensionStatus: Object.fromEntries(asset.runs.map((run) => [run.name, run.status])),
    extensions: asset.runs.map(runView),
    updatedAt: new Date(asset.updatedAt).toISOString(),
  }
}
