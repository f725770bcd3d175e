import { TrackerError } from '../../domain/errors.ts'
import type { KeyClaim } from '../../domain/idempotency.ts'
import type { Json } from '../../domain/json.ts'
import type { RequestedExtension } from '../../domain/submission.ts'
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

export type SubmitUpdateDeps = ApplyResponseDeps & {
  store: Pick<Store, 'createSubmission'>
  imagekit: { sendUpdate(fileId: string, body: { [name: string]: Json }): Promise<Exchange> }
  nameSavedExtensions: NameSavedExtensions
  traceparent: () => string | null
  links: Links
  buildCallerResponse: BuildCallerResponse
}

/** Sends ImageKit an update of an existing file. The submission is committed before the request is sent. */
export async function submitUpdate(
  deps: SubmitUpdateDeps,
  request: {
    fileId: string
    /** The caller's body without its `webhookUrl`. */
    body: { [name: string]: Json }
    extensions: RequestedExtension[]
    callerWebhookUrl: string | null
    /** The name of the caller's API key. */
    keyName: string
    /** The claim that `withIdempotencyKey` made for the caller's `Idempotency-Key`; null without a key. */
    claim: KeyClaim | null
    /** Stored with the claim: a later request with the same key must have the same fingerprint. */
    fingerprint: string
  },
): Promise<SendResult> {
  const { fileId, body, extensions, callerWebhookUrl, keyName, claim, fingerprint } = request
  const submission = {
    kind: 'update',
    fileId,
    fileName: null,
    extensions,
    callerWebhookUrl,
    setsDescription: body['description'] !== undefined,
  } as const
  const savedNames = await deps.nameSavedExtensions(extensions)
  const at = deps.clock()
  const { submissionId } = await deps.store.createSubmission(
    { ...submission, savedNames, keyName, traceparent: deps.traceparent(), attempt: 1, at },
    claim ? { ...claim, fingerprint } : undefined,
  )

  const webhook = extensions.length > 0 ? { webhookUrl: deps.links.webhook(submissionId) } : {}
  const exchange = await deps.imagekit.sendUpdate(fileId, { ...body, ...webhook })
  if (exchange.kind === 'broken' && !exchange.wasComplete) {
    const code = exchange.timedOut ? 'imagekit_timeout' : 'imagekit_unreachable'
    const message = 'ImageKit did not receive the complete update. Nothing was changed.'
    const error = { code, message, status: null }
    await applyResponse(deps, { submissionId, response: { kind: 'rejected', requestId: null, error } })
    throw new TrackerError(code, message, { cause: exchange.cause })
  }
  if (exchange.kind === 'broken')
    deps.log.warn(
      { event: 'response.lost', submissionId, err: exchange.cause },
      'no complete response from ImageKit; it may have received the update',
    )
  const callerResponse = deps.buildCallerResponse(callerOutcome(submissionId, exchange))
  await applyResponse(deps, {
    submissionId,
    response: submissionResponse(exchange),
    ...(claim && { claim: { ...claim, response: callerResponse } }),
  })
  return { response: callerResponse, isStored: true }
}
