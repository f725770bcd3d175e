import type { AssetFacts } from '../../domain/asset.ts'
import { toRun } from './rows.ts'
import type { Statements } from './statements.ts'

type Row = ReturnType<Statements['listAssetRuns']['all']>[number]

export function findAsset(statements: Statements, fileId: string): AssetFacts | undefined {
  // A submission without runs has one row all the same.
  const rows: readonly (Row | (Omit<Row, 'runId'> & { runId: null }))[] = statements.listAssetRuns.all({
    fileId,
  })
  const newest = rows.at(-1)
  if (newest === undefined) return undefined
  const runs = rows.flatMap((row) => (row.runId === null ? [] : [toRun(row, row.submissionId)]))
  return { fileId, recordedAt: newest.recordedAt, runs }
}
