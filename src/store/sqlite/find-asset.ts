import type { AssetFacts } from '../../domain/asset.ts'
import { toRun } from './rows.ts'
import type { Statements } from './statements.ts'

export function findAsset(statements: Statements, fileId: string): AssetFacts | undefined {
  const submissions = statements.listSubmissionsKept.all({ fileId })
  const newest = submissions.at(-1)
  if (newest === undefined) return undefined
  const runs = submissions.flatMap(({ seq, submissionId }) =>
    statements.listRuns.all({ submissionSeq: seq }).map((run) => toRun(run, submissionId)),
  )
  return { fileId, recordedAt: newest.updatedAt, runs }
}
