import fc from 'fast-check'
import { expect } from 'vitest'
import type { AccountEvent } from '../../../src/domain/account-event.ts'
import { newAccountDelivery } from '../facts.ts'
import { hearEvent } from './account-rules.ts'
import { answerFacts, answerOf, requestIdOf, tellAnswer } from './answer-step.ts'
import type { Model } from './model.ts'
import { idOf, keep, numberOf, type Plan, pick } from './step.ts'
import { FILES, time, which } from './words.ts'

type Said = { told: string; event: AccountEvent }
type Maker = (model: Model, eventId: string | null) => Said | undefined

const aboutAsset: fc.Arbitrary<Maker> = fc.constantFrom(...FILES).map((name) => (model, eventId) => {
  const fileId = `${idOf(model, name)}`
  return { told: `file ${name} has changed`, event: { kind: 'asset', eventId, type: 'file.updated', fileId } }
})

const aboutUpload: fc.Arbitrary<Maker> = fc
  .record({
    of: which,
    facts: answerFacts,
    kind: fc.constantFrom('accepted', 'accepted', 'rejected'),
    fileId: fc.constantFrom('A', 'A', 'B'),
  })
  .map(({ of, facts, kind, fileId }) => (model, eventId) => {
    const submission = pick(model.submissions, of)
    if (submission === undefined) return undefined
    const requestId = requestIdOf(model, submission)
    const ended = { ...facts, kind, fileId }
    const answer = answerOf(model, ended, requestId)
    const told = `the upload of ${numberOf(model, submission)} has ended: ${tellAnswer(ended)}`
    return { told, event: { kind: 'upload_finished', eventId, type: 'upload.ended', requestId, answer } }
  })

const aboutNothing: fc.Arbitrary<Maker> = fc.constant((_, eventId) => {
  return { told: 'something else', event: { kind: 'other', eventId, type: null } }
})

/** An account webhook. Its id may have been heard before, with the same event or another. */
export const accountWebhook: fc.Arbitrary<Plan> = fc
  .record({
    make: fc.oneof(
      { arbitrary: aboutUpload, weight: 4 },
      { arbitrary: aboutAsset, weight: 2 },
      { arbitrary: aboutNothing, weight: 1 },
    ),
    id: fc.option(fc.constantFrom('e1', 'e2', 'e3'), { freq: 3 }),
    receivedAt: time,
  })
  .map(
    ({ make, id, receivedAt }): Plan =>
      (model) => {
        const said = make(model, idOf(model, id))
        if (said === undefined) return undefined
        const delivery = newAccountDelivery(said.event, receivedAt)
        return {
          told: `account webhook ${id}: ${said.told}, at ${receivedAt}`,
          async take({ store, saw }) {
            const recorded = await store.recordAccountDelivery(delivery)
            return () => {
              const kept = keep(model, recorded.deliveryId, delivery)
              const expected = hearEvent(model, said.event, kept)
              expect(recorded).toEqual({
                ...expected,
                deliveryId: expect.any(String),
                cause: null,
                runId: null,
              })
              saw(`account ${recorded.outcome}`)
            }
          },
        }
      },
  )
