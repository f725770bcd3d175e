import { TrackerError } from '../../domain/errors.ts'
import type { KeyClaim } from '../../domain/idempotency.ts'
import type { RequestedExtension, SubmissionError } from '../../domain/submission.ts'
import type { Store } from '../../store/store.ts'
import type { Links } from '../links.ts'
import { type ApplyResponseDeps, applyResponse } from './apply-response.ts'
import {
  type BuildCallerResponse,
  callerOutcome,
  type Exchange,
  submissionResponse,
} from './exchange-outcome.ts'
import type { NameSavedExtensions } from './saved-extension-names.ts'
import type { SendResult } from './with-idempotency-key.ts'

/** The fields of a caller's upload form, known once the form is complete. */
type UploadFields = {
  fileName: string | null
  extensions: RequestedExtension[]
  callerWebhookUrl: string | null
  setsDescription: boolean
  /** Null if none was requested. */
  fingerprint: string | null
}

export type SubmitUploadDeps<Form> = ApplyResponseDeps & {
  store: Pick<Store, 'createSubmission'>
  imagekit: {
    sendUpload(upload: {
      version: 'v1' | 'v2'
      form: Form
      /** Whether to compute the form's fingerprint. */
      fingerprint: boolean
      /** Called before the end of the form is sent. Returns what to add to the form. */
      close: (fields: UploadFields) => Promise<{ webhookUrl: string | null }>
      signal: AbortSignal
    }): Promise<Exchange>
  }
  nameSavedExtensions: NameSavedExtensions
  traceparent: () => string | null
  links: Links
  buildCallerResponse: BuildCallerResponse
}

/**
 * Streams an upload through to ImageKit. The submission is committed before the end of the form is sent. If the upload breaks
 * before that, nothing was uploaded: the error is thrown, or ImageKit's own error response is returned. Afterwards ImageKit's
 * response, or its absence, is recorded and returned, even if the caller has disconnected.
 */
export async function submitUpload<Form>(
  deps: SubmitUploadDeps<Form>,
  request: {
    version: 'v1' | 'v2'
    form: Form
    /** The name of the caller's API key. */
    keyName: string
    /** The claim that `withIdempotencyKey` made for the caller's `Idempotency-Key`; null without a key. */
    claim: KeyClaim | null
    signal: AbortSignal
    /** Called once the submission is committed. */
    onSubmission: (submission: { submissionId: string; extensions: string[] }) => void
  },
): Promise<SendResult> {
  const { version, form, claim, signal } = request
  let submissionId: string | undefined
  const close = async (fields: UploadFields) => {
    const { fileName, extensions, callerWebhookUrl, setsDescription, fingerprint } = fields
    const fingerprintedClaim = claim !== null && fingerprint !== null ? { ...claim, fingerprint } : undefined
    const submission = {
      kind: 'upload',
      fileId: null,
      fileName,
      extensions,
      callerWebhookUrl,
      setsDescription,
    } as const
    const savedNames = await deps.nameSavedExtensions(extensions)
    const at = deps.clock()
    const created = await deps.store.createSubmission(
      {
        ...submission,
        savedNames,
        keyName: request.keyName,
        traceparent: deps.traceparent(),
        attempt: 1,
        at,
      },
      fingerprintedClaim,
    )
    submissionId = created.submissionId
    request.onSubmission({ submissionId, extensions: extensions.map(({ name }) => name) })
    if (signal.aborted) throw callerDisconnected()
    return { webhookUrl: extensions.length > 0 ? deps.links.webhook(submissionId) : null }
  }

  let exchange: Exchange
  try {
    exchange = await deps.imagekit.sendUpload({ version, form, fingerprint: claim !== null, close, signal })
  } catch (error) {
    if (submissionId !== undefined) await recordRejected(deps, submissionId, submissionErrorOf(error))
    throw error
  }
  if (submissionId === undefined || !exchange.wasComplete)
    return endIncomplete(deps, submissionId, exchange, signal)

  if (exchange.kind === 'broken')
    deps.log.warn(
      { event: 'response.lost', submissionId, err: exchange.cause },
      'no complete response from ImageKit; it may have received the upload',
    )
  const callerResponse = deps.buildCallerResponse(callerOutcome(submissionId, exchange))
  await applyResponse(deps, {
    submissionId,
    response: submissionResponse(exchange),
    ...(claim && { claim: { ...claim, response: callerResponse } }),
  })
  return { response: callerResponse, isStored: true }
}

/**
 * The form never became complete, so nothing was uploaded, and the caller may safely retry. If ImageKit has responded with an
 * error nevertheless, the caller gets that response.
 */
async function endIncomplete<Form>(
  deps: SubmitUploadDeps<Form>,
  submissionId: string | undefined,
  exchange: Exchange,
  signal: AbortSignal,
): Promise<SendResult> {
  if (exchange.kind === 'responded' && exchange.response.kind !== 'accepted') {
    const { status, headers, body, response } = exchange
    if (submissionId !== undefined) await recordRejected(deps, submissionId, response.error)
    return { response: { status, headers, body }, isStored: false }
  }
  const error = signal.aborted ? callerDisconnected() : unreachable(exchange)
  if (submissionId !== undefined) await recordRejected(deps, submissionId, submissionErrorOf(error))
  throw error
}

function callerDisconnected(): TrackerError {
  return new TrackerError('client_closed', 'The caller disconnected before the upload was complete.')
}

function unreachable(exchange: Exchange): TrackerError {
  if (exchange.kind === 'broken' && exchange.timedOut)
    return new TrackerError(
      'imagekit_timeout',
      'ImageKit did not receive the file in time. Nothing was uploaded.',
      {
        cause: exchange.cause,
      },
    )
  const message = 'The connection to ImageKit failed or broke. Nothing was uploaded.'
  return new TrackerError('imagekit_unreachable', message, {
    cause: exchange.kind === 'broken' ? exchange.cause : undefined,
  })
}

function recordRejected<Form>(
  deps: SubmitUploadDeps<Form>,
  submissionId: string,
  error: SubmissionError,
): Promise<void> {
  return applyResponse(deps, { submissionId, response: { kind: 'rejected', requestId: null, error } })
}

function submissionErrorOf(error: unknown): SubmissionError {
  const { code, message } =
    error instanceof TrackerError ? error : { code: 'internal', message: 'The upload was aborted.' }
  return { code, message, status: null }
}
