import { decideStatus, type RunOutcome } from './decide-status.ts'
import { type Change, type ExtensionResult, isOtherFile, unrequestedRun } from './extension-result.ts'
import { type FinalStatus, isFinal, type Run } from './run.ts'
import {
  countUnnamed,
  findPlaceholder,
  namedRun,
  placeholderToRemove,
  SAVED_EXTENSION,
} from './saved-extension.ts'
import type { Baseline, Submission, SubmissionError } from './submission.ts'

/** ImageKit's response to a submission. `accepted` without a fileId: ImageKit has queued the upload. `unconfirmed`: no clear response. */
export type UploadResponse =
  | {
      kind: 'accepted'
      fileId: string | null
      fileName: string | null
      requestId: string | null
      extensionStatus: { [name: string]: 'pending' | FinalStatus }
      baseline: Baseline | null
    }
  | { kind: 'rejected' | 'unconfirmed'; requestId: string | null; error: SubmissionError }

/** A delivery for an extension that was not requested. A response that names the extension adds its run, and claims the delivery. */
export type UnclaimedDelivery = { deliveryId: string; result: ExtensionResult; receivedAt: number }

export type ResponseDecision = Change & {
  /**
   * `conflict`: nothing changes, because the submission is bound to another file, or an earlier response or webhook takes
   * precedence.
   */
  result: 'applied' | 'conflict'
  /** Unclaimed deliveries whose run the response added, with their new outcome. */
  claimed: { deliveryId: string; outcome: RunOutcome }[]
}

/** A request and its response can name 100 extensions each. Without a limit, responses with ever new names could add more runs. */
const MAX_RUNS = 200

/**
 * Decides the effect of ImageKit's response on a submission. `unclaimed` is in order of arrival. Repeating a response changes
 * nothing.
 */
export function decideResponse(
  submission: Submission,
  runs: readonly Run[],
  response: UploadResponse,
  unclaimed: readonly UnclaimedDelivery[],
  newRunId: () => string,
  at: number,
): ResponseDecision {
  if (response.kind !== 'accepted') return decideFailure(submission, response, at)
  if (isOtherFile(submission, response.fileId)) return unchanged(submission, 'conflict')
  // ImageKit rejects an upload after it has queued it, so a rejection counts even if the queueing is reported later.
  if (submission.state === 'rejected' && submission.fileId === null && response.fileId === null)
    return unchanged(submission, 'conflict')

  const fileId = response.fileId ?? firstFileId(runs, response, unclaimed)
  const accepted = accept(submission, { ...response, fileId }, at)
  const after = new Map(runs.map((run) => [run.name, run]))
  const unclaimedByService = groupByService(
    unclaimed.filter(({ result }) => !isOtherFile(accepted, result.fileId)),
  )
  const placeholder = findPlaceholder(runs)
  let unnamed = countUnnamed(submission, runs)
  const claimed: ResponseDecision['claimed'] = []
  for (const [name, status] of Object.entries(response.extensionStatus)) {
    let run = after.get(name)
    if (run === undefined && after.size >= MAX_RUNS) continue
    if (run === undefined) {
      run = unrequestedRun(submission, runs, name, newRunId())
      if (unnamed > 0) run = namedRun(run, placeholder)
      unnamed -= 1
      for (const { deliveryId, result, receivedAt } of unclaimedByService.get(name) ?? []) {
        if (result.status === null) continue
        const observed: { run: Run; outcome: RunOutcome } = decideStatus<Run>(
          run,
          { source: 'webhook', status: result.status, error: result.error },
          receivedAt,
        )
        claimed.push({ deliveryId, outcome: observed.outcome })
        run = observed.run
      }
    }
    run = decideStatus<Run>(run, { source: 'response', status }, at).run
    if (name === SAVED_EXTENSION && isFinal(run.status)) unnamed = 0
    after.set(name, run)
  }
  const removedRunId = placeholderToRemove(submission, [...after.values()])?.runId ?? null
  const before = new Set(runs)
  const changed = [...after.values()].filter((run) => !before.has(run) && run.runId !== removedRunId)
  return { submission: accepted, runs: changed, removedRunId, result: 'applied', claimed }
}

function groupByService(deliveries: readonly UnclaimedDelivery[]): Map<string | null, UnclaimedDelivery[]> {
  const groups = new Map<string | null, UnclaimedDelivery[]>()
  for (const delivery of deliveries) {
    const known = groups.get(delivery.result.service)
    if (known) known.push(delivery)
    else groups.set(delivery.result.service, [delivery])
  }
  return groups
}

/** The response to a queued upload names no file, but a delivery that it claims may; the first that does binds the submission. */
function firstFileId(
  runs: readonly Run[],
  { extensionStatus }: UploadResponse & { kind: 'accepted' },
  unclaimed: readonly UnclaimedDelivery[],
): string | null {
  const known = new Set(runs.map((run) => run.name))
  const newNames = new Set(Object.keys(extensionStatus).filter((name) => !known.has(name)))
  const isClaimed = ({ result }: UnclaimedDelivery) => result.service !== null && newNames.has(result.service)
  const firstNaming = unclaimed.find((delivery) => isClaimed(delivery) && delivery.result.fileId !== null)
  return firstNaming?.result.fileId ?? null
}

function accept(
  submission: Submission,
  response: UploadResponse & { kind: 'accepted' },
  at: number,
): Submission {
  return changedAt(submission, at, {
    state: 'accepted',
    fileId: submission.fileId ?? response.fileId,
    fileName: response.fileName ?? submission.fileName,
    requestId: response.requestId ?? submission.requestId,
    baseline: submission.baseline ?? response.baseline,
    error: null,
  })
}

/**
 * An unclear response does not replace a clear rejection, and neither of the two replaces an acceptance. Only a queued upload can
 * still be rejected after it was accepted.
 */
function decideFailure(
  submission: Submission,
  response: UploadResponse & { kind: 'rejected' | 'unconfirmed' },
  at: number,
): ResponseDecision {
  const isWeaker = submission.state === 'rejected' && response.kind === 'unconfirmed'
  const isQueued =
    submission.state === 'accepted' && submission.fileId === null && response.kind === 'rejected'
  if ((submission.state === 'accepted' && !isQueued) || isWeaker) return unchanged(submission, 'conflict')
  const requestId = response.requestId ?? submission.requestId
  const failed = changedAt(submission, at, { state: response.kind, error: response.error, requestId })
  return unchanged(failed, 'applied')
}

/** The same object if nothing changes. */
function changedAt(submission: Submission, at: number, change: Partial<Submission>): Submission {
  const changed = { ...submission, ...change }
  return JSON.stringify(changed) === JSON.stringify(submission) ? submission : { ...changed, updatedAt: at }
}

function unchanged(submission: Submission, result: ResponseDecision['result']): ResponseDecision {
  return { submission, runs: [], removedRunId: null, result, claimed: [] }
}
