import type { AuditEntry } from '../../domain/audit-entry.ts'
import { TrackerError } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import { decideRetry, type RetryRejection } from '../../domain/retry.ts'
import type { UploadResponse } from '../../domain/upload-response.ts'
import type { Store } from '../../store/store.ts'
import type { Links } from '../links.ts'
import { type ApplyResponseDeps, applyResponse } from '../uploads/apply-response.ts'
import type { ConcurrencyLimiter } from '../uploads/concurrency-limiter.ts'
import { type Exchange, submissionResponse } from '../uploads/exchange-outcome.ts'
import type { NameSavedExtensions } from '../uploads/saved-extension-names.ts'
import { type ListedRunView, listedRunView } from './list-runs.ts'

export type ResubmitRunDeps = ApplyResponseDeps & {
  store: Pick<Store, 'findRunHistory' | 'submitRetry' | 'withdrawRetry' | 'findSubmission'>
  imagekit: { sendUpdate(fileId: string, body: { [name: string]: Json }): Promise<Exchange> }
  nameSavedExtensions: NameSavedExtensions
  traceparent: () => string | null
  links: Links
}

export type RetryRunDeps = ResubmitRunDeps & { limiter: Pick<ConcurrencyLimiter, 'track'> }

/** Retries a run for an operator. Returns the new run. Throws what `resubmitRun` throws, and if ImageKit does not accept the retry. */
export async function retryRun(
  deps: RetryRunDeps,
  { runId, actor, reason }: { runId: string; actor: string; reason: string | null },
): Promise<ListedRunView> {
  const entry: AuditEntry = { at: deps.clock(), actor, kind: 'retry', subject: runId, reason, details: null }
  const submitted = await deps.limiter.track(() => resubmitRun(deps, { runId, actor, origin: { entry } }))
  if (submitted === null)
    throw new Error('only an item of a retry of many runs can be submitted by another process')
  const { submissionId, response, isFileGone, retryAfterMs } = submitted
  if (isFileGone) throw rejectionOf('asset_gone')
  if (retryAfterMs !== null)
    throw new TrackerError('imagekit_rate_limited', 'ImageKit accepts no more requests at the moment.', {
      retryAfterSeconds: Math.ceil(retryAfterMs / 1000),
    })
  if (response.kind === 'rejected')
    throw new TrackerError('unprocessable', `ImageKit rejected the retry: ${response.error.message}`)
  const found = await deps.store.findSubmission(submissionId)
  const [run] = found?.runs ?? []
  if (found === undefined || run === undefined) throw new Error(`the retry ${submissionId} has no run`)
  if (response.kind === 'unconfirmed')
    throw new TrackerError(
      response.error.code === 'imagekit_timeout' ? 'imagekit_timeout' : 'imagekit_unreachable',
      `${response.error.message} ImageKit may have accepted the retry: check run ${run.runId} before you retry again.`,
    )
  return listedRunView({ run, ...found.submission })
}

type SubmittedRun = {
  submissionId: string
  response: UploadResponse
  /** ImageKit rejected the retry because it has no such file. */
  isFileGone: boolean
  /** How long ImageKit accepts no further requests; null without a rate limit. */
  retryAfterMs: number | null
}

/**
 * Asks ImageKit to run an extension again, with its original options and a new webhook URL. `origin` is the operator's audit entry,
 * or the item of a retry of many runs; it is committed together with the new submission, before the request is sent. Throws
 * `not_found`, and the reason if the run can't be retried. Null if the item is no longer waiting: another process has submitted it,
 * or it has ended.
 */
export async function resubmitRun(
  deps: ResubmitRunDeps,
  request: { runId: string; actor: string; origin: { entry: AuditEntry } | { itemId: number } },
): Promise<SubmittedRun | null> {
  const { runId, actor, origin } = request
  const history = await deps.store.findRunHistory(runId)
  if (history === undefined) throw new TrackerError('not_found', `There is no run ${runId}.`)
  const decision = decideRetry(history)
  if (decision.kind === 'rejected') throw rejectionOf(decision.by)
  const { fileId, extension } = decision
  const savedNames = await deps.nameSavedExtensions([extension])
  const at = deps.clock()
  const submitted = await deps.store.submitRetry(
    runId,
    {
      kind: 'update',
      fileId,
      fileName: history.submission.fileName,
      extensions: [extension],
      savedNames,
      // The caller that waits for the extension is notified of this result too.
      callerWebhookUrl: history.submission.callerWebhookUrl,
      keyName: actor,
      setsDescription: false,
      traceparent: deps.traceparent(),
      attempt: history.run.attempt + 1,
      at,
    },
    origin,
  )
  if ('rejection' in submitted) {
    if (submitted.rejection === 'not_waiting') return null
    throw rejectionOf(submitted.rejection)
  }
  const { submissionId } = submitted
  const body = { extensions: [extension], webhookUrl: deps.links.webhook(submissionId) }
  const exchange = await deps.imagekit.sendUpdate(fileId, body)
  const response = responseOf(exchange)
  await applyResponse(deps, { submissionId, response })
  // `submitRetry` has acknowledged the run; a rejected retry revokes that.
  if (response.kind === 'rejected') await deps.writeRetries.apply(() => deps.store.withdrawRetry(runId, at))
  return {
    submissionId,
    response,
    isFileGone: exchange.kind === 'responded' && exchange.isFileGone,
    retryAfterMs: exchange.kind === 'responded' ? exchange.retryAfterMs : null,
  }
}

/** If the connection broke before the request was complete, ImageKit runs nothing: that counts as rejected. */
function responseOf(exchange: Exchange): UploadResponse {
  const response = submissionResponse(exchange)
  if (exchange.kind === 'responded' || exchange.wasComplete || response.kind === 'accepted') return response
  return { ...response, kind: 'rejected' }
}

const REJECTIONS = {
  pending: ['run_pending', 'The run is still pending: wait until it is settled or expired.'],
  not_current: ['run_not_current', 'A newer run of this extension has replaced this one: retry that run.'],
  asset_gone: ['asset_gone', 'The file does not exist in ImageKit any more.'],
  no_file: ['unprocessable', 'The file of this run is not known, or the request for the run was rejected.'],
  options_unknown: [
    'unprocessable',
    'The run comes from one of several saved extensions, and ImageKit does not say which: upload or update the file again.',
  ],
} as const satisfies { [by in RetryRejection]: readonly [TrackerError['code'], string] }

export function rejectionOf(by: RetryRejection): TrackerError {
  const [code, message] = REJECTIONS[by]
  return new TrackerError(code, message)
}
