import { toRun } from './rows.ts'
import type { Statements } from './statements.ts'
import { createTallies } from './tallies.ts'

const BATCH = 1_000

/** Groups and counts what was written before there were groups. For the start, inside of a transaction. */
export function groupOldRuns(statements: Statements): void {
  if (statements.listGroups.all().length > 0) return
  const tallies = createTallies(statements)
  for (let after = 0; ; ) {
    const batch = statements.listAllRuns.all({ after, limit: BATCH })
    for (const { run, submissionId, state } of batch) {
      const isListed = state !== 'rejected'
      const groupId = tallies.change(undefined, isListed ? toRun(run, submissionId) : undefined)
      tallies.place(run.seq, run.requestedAt)
      statements.groupRun.run({ seq: run.seq, groupId })
    }
    tallies.write()
    tallies.end(true)
    const last = batch.at(-1)
    if (last === undefined) return
    after = last.run.seq
  }
}
