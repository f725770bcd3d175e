import type { RunRow, SubmissionRow } from './decide/rows.ts'
import { isRejected } from './submission.ts'

type Change<R> = { before: R | undefined; after: R | undefined }

/**
 * The submissions with changes that may affect which runs are current: each that is new, becomes bound to a file, becomes or
 * stops being rejected, or gains or loses a run. For each of them, the names of the gained and lost runs, and the names by which these were
 * requested. The current runs with these names must be determined anew, in addition to those with the names of its other runs.
 */
export function submissionsToRefresh({
  submissions,
  runs,
}: {
  submissions: readonly Change<SubmissionRow>[]
  runs: readonly Change<RunRow>[]
}): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>()
  const note = (submissionId: string, run?: RunRow) => {
    const known = names.get(submissionId) ?? new Set()
    names.set(submissionId, known)
    for (const name of run ? [run.name, run.requestedAs] : []) if (name !== null) known.add(name)
  }
  for (const { before, after } of submissions)
    if (after && (before?.fileId !== after.fileId || isRejected(before) !== isRejected(after)))
      note(after.submissionId)
  for (const { before, after } of runs)
    if (before === undefined || after === undefined) {
      const run = after ?? before
      if (run) note(run.submissionId, run)
    }
  return names
}
