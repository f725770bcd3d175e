import type { z } from 'zod'
import { assetStatusSchema } from '../contract/asset.ts'

/** An asset's status as the service returns it. */
export type AssetStatus = z.infer<typeof assetStatusSchema>
export type RunStatus = AssetStatus['extensions'][number]

export function parseAssetStatus(text: string): AssetStatus {
  return assetStatusSchema.parse(JSON.parse(text))
}

/** Whether some extension failed or expired: exit code 3. */
export function hasUnsuccessful({ extensions }: AssetStatus): boolean {
  return extensions.some(({ status }) => status === 'failed' || status === 'expired')
}

/** The runs whose status has changed. `before` maps extension names to the previous statuses. */
export function changedRuns(
  before: { readonly [name: string]: string },
  { extensions }: AssetStatus,
): { run: RunStatus; from: string | undefined }[] {
  return extensions
    .filter((run) => before[run.name] !== run.status)
    .map((run) => ({ run, from: before[run.name] }))
}

export function statusByName({ extensions }: AssetStatus): { [name: string]: string } {
  return Object.fromEntries(extensions.map((run) => [run.name, run.status]))
}
