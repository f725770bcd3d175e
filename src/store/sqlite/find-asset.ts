import type { AssetFacts } from '../../domain/asset.ts'
import { toRun } from './rows.ts'
import type { Statements } from './statements.ts'

export function findAsset(statements: Statements, fileId: string): AssetFacts | undefined {
  const newest = statements.findNewestOfFile.get({ fileId })
  if (newest === undefined) return undefined
  const runs = statements.listCurrentRuns.all({ fileId }).map((row) => toRun(row, row.submissionId))
  return { fileId, recordedAt: newest.updatedAt, runs }
}

/** For these names of an asset, finds the current runs anew: that of the newest submission that counts and asked for it. */
export function refreshCurrentRuns(statements: Statements, fileId: string, names: Iterable<string>): void {
  for (const name of new Set(names)) {
    const newest = statements.findNewestAsking.get({ fileId, name })
    const run = newest && statements.findRunNamed.get({ submissionSeq: newest.seq, name })
    if (run) statements.saveCurrentRun.run({ fileId, name, runSeq: run.seq })
    else statements.deleteCurrentRun.run({ fileId, name })
  }
}
