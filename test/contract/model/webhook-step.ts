import fc from 'fast-check'
import { v7 } from 'uuid'
import { expect } from 'vitest'
import { newDelivery, unknownIds } from '../facts.ts'
import type { Model } from './model.ts'
import { idOf, keep, numberOf, type Plan, pick } from './step.ts'
import { hearWebhook } from './submission-rules.ts'
import { error, file, finalStatus, NAMES, time, which } from './words.ts'

const seldom = <T>(usual: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: usual, weight: 12 }, { arbitrary: fc.constant(null), weight: 1 })

const strangersOf = (model: Model) =>
  model.submissions.flatMap(({ submissionId }) => unknownIds(submissionId))

/** An extension webhook, of any service, any file, at any time; its submission may be unknown, its words not understood. */
export const webhook: fc.Arbitrary<Plan> = fc
  .record({
    of: seldom(which),
    nobody: fc.nat({ max: 20 }),
    service: seldom(fc.nat({ max: 11 })),
    status: seldom(finalStatus),
    fileId: file,
    error,
    receivedAt: time,
  })
  .map(
    ({ of, nobody, service, status, fileId, receivedAt, ...said }): Plan =>
      (model) => {
        const submission = of === null ? undefined : pick(model.submissions, of)
        const submissionId = submission?.submissionId ?? pick(strangersOf(model), nobody) ?? 'nobody'
        const names = [...(submission?.asked ?? []), ...(submission?.asked ?? []), ...NAMES]
        const word = {
          service: service === null ? null : (pick(names, service) ?? null),
          status,
          fileId: idOf(model, fileId),
          error: status === 'failed' ? said.error : null,
        }
        const body = Buffer.from(v7())
        const delivery = newDelivery(submissionId, word, { receivedAt, body })
        const why = word.error === null ? '' : ` (${JSON.stringify(word.error).slice(0, 12)})`
        return {
          told: `webhook of ${submission ? numberOf(model, submission) : 'nobody'}: ${word.service} ${word.status}${why}, file ${fileId}, at ${receivedAt}`,
          async take({ store, saw }) {
            const recorded = await store.recordDelivery(delivery)
            return () => {
              const { run, ...expected } = hearWebhook(model, submissionId, word, () =>
                keep(model, recorded.deliveryId, delivery),
              )
              // An id that was never seen is the store's to choose; from then on it is this run's.
              if (run !== null) run.runId ??= recorded.runId
              const deliveryId = expected.outcome === 'rejected' ? null : expect.any(String)
              expect(recorded).toEqual({ ...expected, deliveryId, runId: run?.runId ?? null })
              saw(recorded.cause ?? recorded.outcome)
            }
          },
        }
      },
  )
