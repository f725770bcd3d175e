import type { AssetFacts } from '../../domain/asset.ts'
import { toRun } from './rows.ts'
import type { Statements } from './statements.ts'

export function findAsset(statements: Statements, fileId: string): AssetFacts | undefined {
  const rows = statements.listAssetRuns.all({ fileId })
  const newest = rows.at(-1)
  if (newest === undefined) return undefined
  const runs = rows.flatMap(({ run, submissionId }) => (run === null ? [] : [toRun(run, submissionId)]))
  return { fileId, recordedAt: newest.updatedAt, runs }
}
