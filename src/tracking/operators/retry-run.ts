import type { AuditEntry } from '../../domain/audit-entry.ts'
import { TrackerError } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import { decideRetry, type RetryRejection } from '../../domain/retry.ts'
import type { UploadResponse } from '../../domain/upload-response.ts'
import type { Store } from '../../store/store.ts'
import { type ApplyResponseDeps, applyResponse } from '../apply-response.ts'
import { submissionAnswer } from '../caller-answer.ts'
import type { Exchange } from '../imagekit-exchange.ts'
import type { Links } from '../links.ts'
import type { UploadGate } from '../upload-gate.ts'
import { type ListedRunView, listedRunView } from './listed-run-view.ts'

export type RetryRunDeps = ApplyResponseDeps & {
  store: Pick<Store, 'findRunHistory' | 'submitRetry' | 'withdrawRetry' | 'findSubmission'>
  imagekit: { sendUpdate(fileId: string, body: { [name: string]: Json }): Promise<Exchange> }
  links: Links
  /** How long after its request a pending run is overdue, in milliseconds. */
}

/** An operator asks for a run again. Returns the new run. Throws what `askAgain` throws, and for what ImageKit refuses. */
export async function retryRun(
  deps: RetryRunDeps & { gate: Pick<UploadGate, 'accompany'> },
  { runId, actor, reason }: { runId: string; actor: string; reason: string | null },
): Promise<ListedRunView> {
  const act: AuditEntry = { at: deps.clock(), actor, kind: 'retry', subject: runId, reason, details: null }
  const asking = await deps.gate.accompany(() => askAgain(deps, { runId, actor, origin: { act } }))
  if (asking === null) throw new Error('only an item of a retry can be taken by another process')
  const { submissionId, answer, holdMs } = asking
  if (answer.kind === 'rejected' && answer.error.status === 404) throw refusalOf('asset_gone')
  if (holdMs !== null)
    throw new TrackerError('imagekit_rate_limited', 'ImageKit accepts no more requests at the moment.', {
      retryAfterSeconds: Math.ceil(holdMs / 1000),
    })
  if (answer.kind === 'rejected')
    throw new TrackerError('unprocessable', `ImageKit did not take it: ${answer.error.message}`)
  const asked = await deps.store.findSubmission(submissionId)
  const [run] = asked?.runs ?? []
  if (asked === undefined || run === undefined) throw new Error(`the retry ${submissionId} has no run`)
  if (answer.kind === 'unconfirmed')
    throw new TrackerError(
      'imagekit_unreachable',
      `ImageKit may have taken it, and has not said so: look at run ${run.runId} before you ask again.`,
    )
  return listedRunView({ run, ...asked.submission })
}

/**
 * Asks ImageKit to run an extension again, with the options of the first time and a token of its own. The submission is
 * committed, with what it is done for, before ImageKit can have the request. Throws `not_found`, and why it may not be asked.
 * Null if another process has the item.
 */
export async function askAgain(
  deps: RetryRunDeps,
  request: { runId: string; actor: string; origin: { act: AuditEntry } | { itemId: number } },
): Promise<{ submissionId: string; answer: UploadResponse; holdMs: number | null } | null> {
  const { runId, actor, origin } = request
  const history = await deps.store.findRunHistory(runId)
  if (history === undefined) throw new TrackerError('not_found', `There is no run ${runId}.`)
  const decision = decideRetry(history)
  if (decision.kind === 'rejected') throw refusalOf(decision.by)
  const { fileId, extension } = decision
  const at = deps.clock()
  const submitted = await deps.store.submitRetry(
    runId,
    {
      kind: 'update',
      fileId,
      fileName: history.submission.fileName,
      extensions: [extension],
      // Whoever waits for the extension is told of it, too.
      callerWebhookUrl: history.submission.callerWebhookUrl,
      keyName: actor,
      setsDescription: false,
      attempt: history.run.attempt + 1,
      at,
    },
    origin,
  )
  if ('refusal' in submitted) {
    if (submitted.refusal === 'not_waiting') return null
    throw refusalOf(submitted.refusal)
  }
  const { submissionId } = submitted
  const body = { extensions: [extension], webhookUrl: deps.links.webhook(submissionId) }
  const exchange = await deps.imagekit.sendUpdate(fileId, body)
  const answer = answerTo(exchange)
  await applyResponse(deps, { submissionId, answer })
  if (answer.kind === 'rejected') await deps.backlog.apply(() => deps.store.withdrawRetry(runId, at))
  return { submissionId, answer, holdMs: exchange.kind === 'answered' ? exchange.holdMs : null }
}

/** Where the connection broke before ImageKit could have all of it, nothing was asked. */
function answerTo(exchange: Exchange): UploadResponse {
  const answer = submissionAnswer(exchange)
  if (exchange.kind === 'answered' || exchange.wasComplete || answer.kind === 'accepted') return answer
  return { ...answer, kind: 'rejected' }
}

const REFUSALS = {
  pending: ['run_pending', 'The run is still pending: wait for its end first.'],
  not_current: ['run_not_current', 'A newer run of this extension has taken its place: ask for that one.'],
  asset_gone: ['asset_gone', 'ImageKit has no such file any more.'],
  no_file: ['unprocessable', 'It is not known which file this run belongs to.'],
  options_unknown: [
    'unprocessable',
    'It comes from one of several saved extensions, and ImageKit does not tell which: upload or update the file anew.',
  ],
} as const satisfies { [by in RetryRejection]: readonly [TrackerError['code'], string] }

export function refusalOf(by: RetryRejection): TrackerError {
  const [code, message] = REFUSALS[by]
  return new TrackerError(code, message)
}
