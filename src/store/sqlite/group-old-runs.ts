import { toRun } from './rows.ts'
import type { Statements } from './statements.ts'
import { createTallies } from './tallies.ts'

/** Groups and counts what was written before there were groups. For the start, inside of a transaction. */
export function groupOldRuns(statements: Statements): void {
  if (statements.listGroups.all().length > 0) return
  const tallies = createTallies(statements)
  for (const { seq } of statements.listAllRuns.all()) {
    const row = statements.findListedRun.get({ seq })
    const stored = row && statements.findSubmission.get({ submissionId: row.submissionId })
    if (row === undefined || stored?.state === 'rejected') continue
    const groupId = tallies.change(undefined, toRun(row.run, row.submissionId))
    statements.groupRun.run({ seq, groupId })
  }
  tallies.write()
  tallies.end(true)
}
