import type { Statements } from './statements.ts'

type RunPlace = { seq: number; groupId: number | null }

/** Where the rows of one batch are. */
export type Places = {
  submissionAt(submissionId: string, seq: number): void
  /** Undefined where there is no such submission. */
  seqOfSubmission(submissionId: string): number | undefined
  runAt(runId: string, place: RunPlace): void
  placeOfRun(runId: string): RunPlace | undefined
}

export function createPlaces(statements: Statements): Places {
  const submissions = new Map<string, number>()
  const runs = new Map<string, RunPlace>()
  return {
    submissionAt(submissionId, seq) {
      submissions.set(submissionId, seq)
    },
    seqOfSubmission: (submissionId) =>
      submissions.get(submissionId) ?? statements.findHead.get({ id: submissionId })?.seq,
    runAt(runId, place) {
      runs.set(runId, place)
    },
    placeOfRun: (runId) => runs.get(runId),
  }
}
