import fc from 'fast-check'
import { expect } from 'vitest'
import type { UploadResponse } from '../../../src/domain/upload-response.ts'
import { hearEarlierEnds } from './account-rules.ts'
import type { Model, ModelSubmission } from './model.ts'
import { idOf, numberOf, type Plan, pick } from './step.ts'
import { describeSubmission, hearAnswer } from './submission-rules.ts'
import { extensionStatus, file, time, which } from './words.ts'

const BASELINE = {
  versionId: 'v1',
  versionName: 'Version 1',
  aiTags: { 'google-auto-tagging': ['cat'] },
  description: null,
  tags: null,
  customMetadata: null,
  updatedAt: null,
  url: null,
}

const REFUSAL = { code: 'imagekit_refused', message: 'no', status: 400 }

/** What ImageKit may answer. Without a file it has queued the upload, and knows no details of it. */
export const answerFacts = fc.record({
  kind: fc.oneof(
    { arbitrary: fc.constant('accepted' as const), weight: 5 },
    { arbitrary: fc.constant('rejected' as const), weight: 2 },
    { arbitrary: fc.constant('unconfirmed' as const), weight: 2 },
  ),
  fileId: file,
  extensionStatus,
  hasBaseline: fc.boolean(),
})

export type AnswerFacts = typeof answerFacts extends fc.Arbitrary<infer T> ? T : never

export function answerOf<K extends AnswerFacts['kind']>(
  model: Model,
  facts: AnswerFacts & { kind: K },
  requestId: string | null,
): UploadResponse & { kind: K }
export function answerOf(model: Model, facts: AnswerFacts, requestId: string | null): UploadResponse {
  const { kind, extensionStatus: statuses, hasBaseline } = facts
  if (kind !== 'accepted') return { kind, requestId, error: REFUSAL }
  const fileId = idOf(model, facts.fileId)
  const baseline = hasBaseline && fileId !== null ? BASELINE : null
  return { kind, fileId, fileName: null, requestId, extensionStatus: statuses, baseline }
}

export function tellAnswer({ kind, fileId, extensionStatus: statuses, hasBaseline }: AnswerFacts): string {
  if (kind !== 'accepted') return kind
  const details = fileId === null ? 'queued' : `file ${fileId}${hasBaseline ? ' with details' : ''}`
  return `${details} ${JSON.stringify(statuses)}`
}

export function requestIdOf(model: Model, submission: ModelSubmission): string {
  return `${model.scope}-request-${numberOf(model, submission)}`
}

/** ImageKit's answer to a submission, told once or often, the same or another. */
export const answering: fc.Arbitrary<Plan> = fc
  .record({
    of: which,
    facts: answerFacts,
    hasRequestId: fc.nat({ max: 3 }).map((number) => number > 0),
    at: time,
  })
  .map(
    ({ of, facts, hasRequestId, at }): Plan =>
      (model) => {
        const submission = pick(model.submissions, of)
        if (submission === undefined) return undefined
        const answer = answerOf(model, facts, hasRequestId ? requestIdOf(model, submission) : null)
        const id = hasRequestId ? ', request id told' : ''
        return {
          told: `answer to ${numberOf(model, submission)}: ${tellAnswer(facts)}${id}, at ${at}`,
          async take({ store, saw }) {
            const answered = await store.applyResponse(submission.submissionId, answer, at)
            return () => {
              const result = hearAnswer(model, submission, answer, at)
              hearEarlierEnds(model, submission, at)
              expect(answered).toEqual({ result, submission: describeSubmission(submission) })
              saw(`answer ${result}`)
            }
          },
        }
      },
  )
