import fc from 'fast-check'
import { expect } from 'vitest'
import type { AccountEvent } from '../../../src/domain/account-event.ts'
import { newAccountDelivery } from '../builders.ts'
import { applyEvent } from './account-rules.ts'
import { FILES, recentIndex, time } from './arbitraries.ts'
import type { Model } from './model.ts'
import { describeResponse, requestIdOf, responseFacts, responseOf } from './response-step.ts'
import { addDelivery, idOf, labelOf, type Plan, pick } from './step.ts'

type PlannedEvent = { description: string; event: AccountEvent }
type EventFactory = (model: Model, eventId: string | null) => PlannedEvent | undefined

const aboutAsset: fc.Arbitrary<EventFactory> = fc.constantFrom(...FILES).map((name) => (model, eventId) => {
  const fileId = `${idOf(model, name)}`
  return {
    description: `file ${name} has changed`,
    event: { kind: 'asset', eventId, type: 'file.updated', fileId },
  }
})

const aboutUpload: fc.Arbitrary<EventFactory> = fc
  .record({
    submissionIndex: recentIndex,
    facts: responseFacts,
    kind: fc.constantFrom('accepted', 'accepted', 'rejected'),
    fileId: fc.constantFrom('A', 'A', 'B'),
  })
  .map(({ submissionIndex, facts, kind, fileId }) => (model, eventId) => {
    const submission = pick(model.submissions, submissionIndex)
    if (submission === undefined) return undefined
    const requestId = requestIdOf(model, submission)
    const ended = { ...facts, kind, fileId }
    const response = responseOf(model, ended, requestId)
    const description = `the upload of ${labelOf(model, submission)} has ended: ${describeResponse(ended)}`
    return {
      description,
      event: { kind: 'upload_finished', eventId, type: 'upload.ended', requestId, response },
    }
  })

const ofOtherKind: fc.Arbitrary<EventFactory> = fc.constant((_, eventId) => {
  return { description: 'something else', event: { kind: 'other', eventId, type: null } }
})

/** An account webhook. It may have no event id, or one that was used before, for the same event or another. */
export const accountWebhook: fc.Arbitrary<Plan> = fc
  .record({
    make: fc.oneof(
      { arbitrary: aboutUpload, weight: 4 },
      { arbitrary: aboutAsset, weight: 2 },
      { arbitrary: ofOtherKind, weight: 1 },
    ),
    id: fc.option(fc.constantFrom('e1', 'e2', 'e3'), { freq: 3 }),
    receivedAt: time,
  })
  .map(
    ({ make, id, receivedAt }): Plan =>
      (model) => {
        const made = make(model, idOf(model, id))
        if (made === undefined) return undefined
        const delivery = newAccountDelivery(made.event, receivedAt)
        return {
          description: `account webhook ${id}: ${made.description}, at ${receivedAt}`,
          async perform({ store, countCase }) {
            const recorded = await store.recordAccountDelivery(delivery)
            return () => {
              const stored = addDelivery(model, recorded.deliveryId, delivery)
              const expected = applyEvent(model, made.event, stored)
              expect(recorded).toEqual({
                ...expected,
                deliveryId: expect.any(String),
                cause: null,
                runId: null,
              })
              countCase(`account ${recorded.outcome}`)
            }
          },
        }
      },
  )
