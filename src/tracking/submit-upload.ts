import { TrackerError } from '../domain/errors.ts'
import type { KeyClaim } from '../domain/idempotency.ts'
import type { RequestedExtension, SubmissionError } from '../domain/submission.ts'
import type { Store } from '../store/store.ts'
import { type ApplyResponseDeps, applyResponse } from './apply-response.ts'
import { callerAnswer, submissionAnswer } from './caller-answer.ts'
import type { Exchange } from './imagekit-exchange.ts'
import type { Links } from './links.ts'
import type { Sent } from './with-idempotency-key.ts'

/** What is known of a caller's upload form once all of it has come. */
type UploadFields = {
  fileName: string | null
  extensions: RequestedExtension[]
  callerWebhookUrl: string | null
  setsDescription: boolean
  fingerprint: string | null
}

export type SubmitUploadDeps<Form> = ApplyResponseDeps & {
  store: Pick<Store, 'createSubmission'>
  imagekit: {
    sendUpload(upload: {
      version: 'v1' | 'v2'
      form: Form
      fingerprint: boolean
      close: (fields: UploadFields) => Promise<{ webhookUrl: string | null }>
      signal: AbortSignal
    }): Promise<Exchange>
  }
  links: Links
  errorBody: (message: string) => object
}

/**
 * Streams an upload through to ImageKit. The submission is committed before ImageKit can have the whole form; until then
 * whatever goes wrong is thrown and nothing was uploaded. Afterwards the answer is told and applied, whether or not the
 * caller is still there.
 */
export async function submitUpload<Form>(
  deps: SubmitUploadDeps<Form>,
  request: {
    version: 'v1' | 'v2'
    form: Form
    keyName: string
    claim: KeyClaim | null
    signal: AbortSignal
    /** Called once the submission is on disk. */
    onSubmission: (submission: { submissionId: string; extensions: string[] }) => void
  },
): Promise<Sent> {
  const { version, form, claim, signal } = request
  let submissionId: string | undefined
  const close = async (fields: UploadFields) => {
    const { fileName, extensions, callerWebhookUrl, setsDescription, fingerprint } = fields
    const key = claim !== null && fingerprint !== null ? { ...claim, fingerprint } : undefined
    const submission = {
      kind: 'upload',
      fileId: null,
      fileName,
      extensions,
      callerWebhookUrl,
      setsDescription,
    } as const
    const at = deps.clock()
    const created = await deps.store.createSubmission(
      { ...submission, keyName: request.keyName, attempt: 1, at },
      key,
    )
    submissionId = created.submissionId
    request.onSubmission({ submissionId, extensions: extensions.map(({ name }) => name) })
    if (signal.aborted) throw callerLeft()
    return { webhookUrl: extensions.length > 0 ? deps.links.webhook(submissionId) : null }
  }

  let exchange: Exchange
  try {
    exchange = await deps.imagekit.sendUpload({ version, form, fingerprint: claim !== null, close, signal })
  } catch (error) {
    if (submissionId !== undefined) await reject(deps, submissionId, reasonOf(error))
    throw error
  }
  if (submissionId === undefined || !exchange.wasComplete)
    return incomplete(deps, submissionId, exchange, signal)

  if (exchange.kind === 'broken')
    deps.log.warn({ submissionId, err: exchange.cause }, 'ImageKit did not answer an upload that it may have')
  const answer = callerAnswer(deps, submissionId, exchange)
  const key = claim === null ? undefined : { ...claim, answer }
  await applyResponse(deps, { submissionId, answer: submissionAnswer(exchange), ...(key && { key }) })
  return { answer, isKept: true }
}

/** The form never became complete, so nothing was uploaded, and the caller may safely try again. */
async function incomplete<Form>(
  deps: SubmitUploadDeps<Form>,
  submissionId: string | undefined,
  exchange: Exchange,
  signal: AbortSignal,
): Promise<Sent> {
  if (exchange.kind === 'answered' && exchange.answer.kind !== 'accepted') {
    const { status, headers, body, answer } = exchange
    if (submissionId !== undefined) await reject(deps, submissionId, answer.error)
    return { answer: { status, headers, body }, isKept: false }
  }
  const error = signal.aborted ? callerLeft() : unreachable(exchange)
  if (submissionId !== undefined) await reject(deps, submissionId, reasonOf(error))
  throw error
}

function callerLeft(): TrackerError {
  return new TrackerError('client_closed', 'The caller left before the upload was complete.')
}

function unreachable(exchange: Exchange): TrackerError {
  if (exchange.kind === 'broken' && exchange.timedOut)
    return new TrackerError(
      'imagekit_timeout',
      'ImageKit did not take the file in time. Nothing was uploaded.',
      {
        cause: exchange.cause,
      },
    )
  const message = 'The connection to ImageKit broke before it had the file. Nothing was uploaded.'
  return new TrackerError('imagekit_unreachable', message, {
    cause: exchange.kind === 'broken' ? exchange.cause : undefined,
  })
}

function reject<Form>(
  deps: SubmitUploadDeps<Form>,
  submissionId: string,
  error: SubmissionError,
): Promise<void> {
  return applyResponse(deps, { submissionId, answer: { kind: 'rejected', requestId: null, error } })
}

function reasonOf(error: unknown): SubmissionError {
  const { code, message } =
    error instanceof TrackerError ? error : { code: 'internal', message: 'The upload was given up.' }
  return { code, message, status: null }
}
