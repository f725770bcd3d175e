import { describeAsset } from '../../domain/asset.ts'
import type { RunHistory } from '../../domain/run-history.ts'
import { findAsset } from './find-asset.ts'
import { actOf } from './list-acts.ts'
import { toListedDelivery } from './list-deliveries.ts'
import { toRun, toSubmission } from './rows.ts'
import type { Statements } from './statements.ts'

/** A sender that repeats itself without end is not shown whole. */
const MAX_DELIVERIES = 1_000

export function findRunHistory(statements: Statements, runId: string): RunHistory | undefined {
  const row = statements.findRun.get({ runId })
  if (row === undefined) return undefined
  const submission = toSubmission(row.submission)
  const { submissionId, fileId } = submission
  const { seq: submissionSeq, answeredAt } = row.submission
  const siblings = statements.listRuns
    .all({ submissionSeq })
    .filter((run) => run.runId !== runId)
    .map((run) => toRun(run, submissionId))
  const asset = fileId === null ? undefined : findAsset(statements, fileId)
  const current = asset && describeAsset(asset).runs.find(({ name }) => name === row.run.name)
  return {
    run: toRun(row.run, submissionId),
    submission,
    answeredAt,
    siblings,
    deliveries: statements.listOfRun
      .all({ submissionSeq, service: row.run.name, limit: MAX_DELIVERIES })
      .map(toListedDelivery),
    notification: statements.findNotification.get({ runSeq: row.run.seq }) ?? null,
    acts: statements.listActsOf.all({ subject: runId }).map(actOf),
    previous: findPrevious(statements, row),
    currentRunId: current && current.runId !== runId ? current.runId : null,
  }
}

/** Only a current run is retried, so it is the one before of the same extension. */
function findPrevious(
  statements: Statements,
  { run, submission }: NonNullable<ReturnType<Statements['findRun']['get']>>,
): RunHistory['previous'] {
  const { seq: submissionSeq, fileId } = submission
  if (run.attempt === 1 || fileId === null) return null
  const previous = statements.findEarlierRun.get({ fileId, submissionSeq, name: run.name })
  if (previous === undefined) return null
  const many = statements.findRetryOfSubmission.get({ submissionSeq })
  const acts = statements.listActsOf.all({ subject: many?.retryId ?? previous.runId }).map(actOf)
  const kind = many === undefined ? 'retry' : 'retry_many'
  return { ...previous, act: acts.findLast((act) => act.kind === kind && act.at <= run.requestedAt) ?? null }
}
