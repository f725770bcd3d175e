import { type Change, type ExtensionResult, isOtherFile, nextRun } from './extension-result.ts'
import { observe, type RunOutcome } from './observe.ts'
import { type FinalStatus, isFinal, type Run } from './run.ts'
import {
  countUnnamed,
  findPlaceholder,
  namedRun,
  placeholderToGo,
  SAVED_EXTENSION,
} from './saved-extension.ts'
import type { Baseline, Submission, SubmissionError } from './submission.ts'

/** ImageKit's answer to a submission. `accepted` without a fileId is an upload that ImageKit has queued. */
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

/** A delivery that came before the answer, of a service that nobody had asked for then. The first that came is the first. */
export type UnclaimedDelivery = { deliveryId: string; result: ExtensionResult; receivedAt: number }

export type ResponseDecision = Change & {
  /** `conflict`: the submission has another fileId already, or an earlier response was more definite. */
  result: 'applied' | 'conflict'
  /** Unclaimed deliveries whose run the answer made, with the outcome that they have now. */
  claimed: { deliveryId: string; outcome: RunOutcome }[]
}

/** As many as a request and an answer can name. What else is told under other names, again and again, makes no runs. */
const MAX_RUNS = 200

/** Decides what ImageKit's answer does to a submission. Repeating an answer changes nothing. */
export function decideResponse(
  submission: Submission,
  runs: readonly Run[],
  answer: UploadResponse,
  unclaimed: readonly UnclaimedDelivery[],
  newRunId: () => string,
  at: number,
): ResponseDecision {
  if (answer.kind !== 'accepted') return decideFailure(submission, answer, at)
  if (isOtherFile(submission, answer.fileId)) return unchanged(submission, 'conflict')
  // That it is queued was true before it was refused, whichever of the two is told first.
  if (submission.state === 'rejected' && submission.fileId === null && answer.fileId === null)
    return unchanged(submission, 'conflict')

  const fileId = answer.fileId ?? firstFileId(runs, answer, unclaimed)
  const accepted = accept(submission, { ...answer, fileId }, at)
  const after = new Map(runs.map((run) => [run.name, run]))
  const waiting = byService(unclaimed.filter(({ result }) => !isOtherFile(accepted, result.fileId)))
  const placeholder = findPlaceholder(runs)
  let unnamed = countUnnamed(submission, runs)
  const claimed: ResponseDecision['claimed'] = []
  for (const [name, status] of Object.entries(answer.extensionStatus)) {
    let run = after.get(name)
    if (run === undefined && after.size >= MAX_RUNS) continue
    if (run === undefined) {
      run = nextRun(submission, runs, name, newRunId())
      if (unnamed > 0) run = namedRun(run, placeholder)
      unnamed -= 1
      for (const { deliveryId, result, receivedAt } of waiting.get(name) ?? []) {
        if (result.status === null) continue
        const seen: { run: Run; outcome: RunOutcome } = observe<Run>(
          run,
          { source: 'webhook', status: result.status, error: result.error },
          receivedAt,
        )
        claimed.push({ deliveryId, outcome: seen.outcome })
        run = seen.run
      }
    }
    run = observe<Run>(run, { source: 'response', status }, at).run
    if (name === SAVED_EXTENSION && isFinal(run.status)) unnamed = 0
    after.set(name, run)
  }
  const goneRunId = placeholderToGo(submission, [...after.values()])?.runId ?? null
  const before = new Set(runs)
  const changed = [...after.values()].filter((run) => !before.has(run) && run.runId !== goneRunId)
  return { submission: accepted, runs: changed, goneRunId, result: 'applied', claimed }
}

function byService(deliveries: readonly UnclaimedDelivery[]): Map<string | null, UnclaimedDelivery[]> {
  const groups = new Map<string | null, UnclaimedDelivery[]>()
  for (const delivery of deliveries) {
    const known = groups.get(delivery.result.service)
    if (known) known.push(delivery)
    else groups.set(delivery.result.service, [delivery])
  }
  return groups
}

/** A queued upload's answer names no file, but a delivery that it claims may; the first that does binds the submission. */
function firstFileId(
  runs: readonly Run[],
  { extensionStatus }: UploadResponse & { kind: 'accepted' },
  unclaimed: readonly UnclaimedDelivery[],
): string | null {
  const known = new Set(runs.map((run) => run.name))
  const made = new Set(Object.keys(extensionStatus).filter((name) => !known.has(name)))
  const isClaimed = ({ result }: UnclaimedDelivery) => result.service !== null && made.has(result.service)
  const naming = unclaimed.find((delivery) => isClaimed(delivery) && delivery.result.fileId !== null)
  return naming?.result.fileId ?? null
}

function accept(
  submission: Submission,
  answer: UploadResponse & { kind: 'accepted' },
  at: number,
): Submission {
  return changedAt(submission, at, {
    state: 'accepted',
    fileId: submission.fileId ?? answer.fileId,
    fileName: answer.fileName ?? submission.fileName,
    requestId: answer.requestId ?? submission.requestId,
    baseline: submission.baseline ?? answer.baseline,
    error: null,
  })
}

/** A clear refusal is not weakened by an unclear answer, and an acceptance by neither; a queued upload can still fail. */
function decideFailure(
  submission: Submission,
  answer: UploadResponse & { kind: 'rejected' | 'unconfirmed' },
  at: number,
): ResponseDecision {
  const isWeaker = submission.state === 'rejected' && answer.kind === 'unconfirmed'
  const isQueued = submission.state === 'accepted' && submission.fileId === null && answer.kind === 'rejected'
  if ((submission.state === 'accepted' && !isQueued) || isWeaker) return unchanged(submission, 'conflict')
  const requestId = answer.requestId ?? submission.requestId
  const failed = changedAt(submission, at, { state: answer.kind, error: answer.error, requestId })
  return unchanged(failed, 'applied')
}

/** The submission itself where nothing of it changes. */
function changedAt(submission: Submission, at: number, change: Partial<Submission>): Submission {
  const changed = { ...submission, ...change }
  return JSON.stringify(changed) === JSON.stringify(submission) ? submission : { ...changed, updatedAt: at }
}

function unchanged(submission: Submission, result: ResponseDecision['result']): ResponseDecision {
  return { submission, runs: [], goneRunId: null, result, claimed: [] }
}
