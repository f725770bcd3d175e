import fc from 'fast-check'
import { expect } from 'vitest'
import type { UploadResponse } from '../../../src/domain/upload-response.ts'
import { applyEarlyUploadEvents } from './account-rules.ts'
import { extensionStatus, file, recentIndex, time } from './arbitraries.ts'
import type { Model, ModelSubmission } from './model.ts'
import { idOf, labelOf, type Plan, pick } from './step.ts'
import { applyResponse, describeSubmission } from './submission-rules.ts'

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

const REJECTION = { code: 'imagekit_rejected', message: 'no', status: 400 }

/**
 * A possible response of ImageKit, or `unconfirmed`: none that is clear. `accepted` without a file means that the upload is queued;
 * then `hasBaseline` has no effect.
 */
export const responseFacts = fc.record({
  kind: fc.oneof(
    { arbitrary: fc.constant('accepted' as const), weight: 5 },
    { arbitrary: fc.constant('rejected' as const), weight: 2 },
    { arbitrary: fc.constant('unconfirmed' as const), weight: 2 },
  ),
  fileId: file,
  extensionStatus,
  hasBaseline: fc.boolean(),
})

export type ResponseFacts = typeof responseFacts extends fc.Arbitrary<infer T> ? T : never

export function responseOf<K extends ResponseFacts['kind']>(
  model: Model,
  facts: ResponseFacts & { kind: K },
  requestId: string | null,
): UploadResponse & { kind: K }
export function responseOf(model: Model, facts: ResponseFacts, requestId: string | null): UploadResponse {
  const { kind, extensionStatus: statuses, hasBaseline } = facts
  if (kind !== 'accepted') return { kind, requestId, error: REJECTION }
  const fileId = idOf(model, facts.fileId)
  const baseline = hasBaseline && fileId !== null ? BASELINE : null
  return { kind, fileId, fileName: null, requestId, extensionStatus: statuses, baseline }
}

export function describeResponse({
  kind,
  fileId,
  extensionStatus: statuses,
  hasBaseline,
}: ResponseFacts): string {
  if (kind !== 'accepted') return kind
  const details = fileId === null ? 'queued' : `file ${fileId}${hasBaseline ? ' with details' : ''}`
  return `${details} ${JSON.stringify(statuses)}`
}

export function requestIdOf(model: Model, submission: ModelSubmission): string {
  return `${model.scope}-request-${labelOf(model, submission)}`
}

/** A response of ImageKit to a submission, which may have got the same response or another one before. */
export const responding: fc.Arbitrary<Plan> = fc
  .record({
    submissionIndex: recentIndex,
    facts: responseFacts,
    hasRequestId: fc.nat({ max: 3 }).map((number) => number > 0),
    at: time,
  })
  .map(
    ({ submissionIndex, facts, hasRequestId, at }): Plan =>
      (model) => {
        const submission = pick(model.submissions, submissionIndex)
        if (submission === undefined) return undefined
        const response = responseOf(model, facts, hasRequestId ? requestIdOf(model, submission) : null)
        const id = hasRequestId ? ', with request id' : ''
        return {
          description: `response to ${labelOf(model, submission)}: ${describeResponse(facts)}${id}, at ${at}`,
          async perform({ store, countCase }) {
            const responded = await store.applyResponse(submission.submissionId, response, at)
            return () => {
              const result = applyResponse(model, submission, response, at)
              applyEarlyUploadEvents(model, submission, at)
              expect(responded).toEqual({ result, submission: describeSubmission(submission) })
              countCase(`response ${result}`)
            }
          },
        }
      },
  )
