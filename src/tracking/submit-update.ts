import { TrackerError } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import type { Answer } from '../domain/judge-answer.ts'
import type { NewSubmission, RequestedExtension } from '../domain/submission.ts'
import { type ApplyAnswerDeps, applyAnswer } from './apply-answer.ts'
import { brokenAnswer, callerAnswer } from './caller-answer.ts'
import type { Exchange } from './imagekit-exchange.ts'
import type { Links } from './links.ts'
import type { Sent } from './send-once.ts'

export type SubmitUpdateDeps = ApplyAnswerDeps & {
  store: {
    createSubmission(submission: NewSubmission, key?: { scope: string; fingerprint: string }): Promise<void>
  }
  imagekit: { sendUpdate(fileId: string, body: { [name: string]: Json }): Promise<Exchange> }
  links: Links
  newId: () => string
  errorBody: (message: string) => object
}

/** Asks ImageKit to update a file that exists. The submission is committed before ImageKit can have the request. */
export async function submitUpdate(
  deps: SubmitUpdateDeps,
  request: {
    fileId: string
    /** The caller's body without its `webhookUrl`. */
    body: { [name: string]: Json }
    extensions: RequestedExtension[]
    callerWebhookUrl: string | null
    keyName: string
    key: { scope: string; fingerprint: string } | null
  },
): Promise<Sent> {
  const { fileId, body, extensions, callerWebhookUrl, keyName, key } = request
  const submissionId = deps.newId()
  const submission = {
    submissionId,
    kind: 'update',
    fileId,
    fileName: null,
    extensions,
    callerWebhookUrl,
  } as const
  await deps.store.createSubmission(
    { ...submission, keyName, attempt: 1, at: deps.clock() },
    key ?? undefined,
  )
  deps.board.changed(fileId)

  const webhook = extensions.length > 0 ? { webhookUrl: deps.links.webhook(submissionId) } : {}
  const exchange = await deps.imagekit.sendUpdate(fileId, { ...body, ...webhook })
  if (exchange.kind === 'broken' && !exchange.wasComplete) {
    const message = 'ImageKit could not be reached. Nothing was changed.'
    const error = { code: 'imagekit_unreachable', message, status: null }
    await applyAnswer(deps, { submissionId, answer: { kind: 'rejected', requestId: null, error } })
    throw new TrackerError('imagekit_unreachable', message, { cause: exchange.cause })
  }
  const answer = callerAnswer(deps, submissionId, exchange)
  const told: Answer = exchange.kind === 'answered' ? exchange.answer : brokenAnswer(exchange.timedOut)
  await applyAnswer(deps, { submissionId, answer: told, ...(key && { key: { scope: key.scope, answer } }) })
  return { answer, isKept: true }
}
