import fc from 'fast-check'
import { v7 } from 'uuid'
import { expect } from 'vitest'
import { newDelivery, unknownIds } from '../builders.ts'
import { error, file, finalStatus, NAMES, recentIndex, time } from './arbitraries.ts'
import type { Model } from './model.ts'
import { addDelivery, idOf, labelOf, type Plan, pick } from './step.ts'
import { applyWebhook } from './submission-rules.ts'

const rarelyNull = <T>(usual: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: usual, weight: 12 }, { arbitrary: fc.constant(null), weight: 1 })

const unknownIdsOf = (model: Model) =>
  model.submissions.flatMap(({ submissionId }) => unknownIds(submissionId))

/** An extension webhook of any service, file and time; its submission may be unknown, its content unrecognised. */
export const webhook: fc.Arbitrary<Plan> = fc
  .record({
    submissionIndex: rarelyNull(recentIndex),
    unknownIndex: fc.nat({ max: 20 }),
    service: rarelyNull(fc.nat({ max: 11 })),
    status: rarelyNull(finalStatus),
    fileId: file,
    error,
    receivedAt: time,
  })
  .map(
    ({ submissionIndex, unknownIndex, service, status, fileId, receivedAt, ...facts }): Plan =>
      (model) => {
        const submission = submissionIndex === null ? undefined : pick(model.submissions, submissionIndex)
        const submissionId = submission?.submissionId ?? pick(unknownIdsOf(model), unknownIndex) ?? 'unknown'
        // Requested names are listed several times, so they are more likely than others.
        const names = [...(submission?.requested ?? []), ...(submission?.requested ?? []), ...NAMES]
        const result = {
          service: service === null ? null : (pick(names, service) ?? null),
          status,
          fileId: idOf(model, fileId),
          error: status === 'failed' ? facts.error : null,
        }
        const body = Buffer.from(v7())
        const delivery = newDelivery(submissionId, result, { receivedAt, body })
        const why = result.error === null ? '' : ` (${JSON.stringify(result.error).slice(0, 12)})`
        return {
          description: `webhook of ${submission ? labelOf(model, submission) : 'unknown'}: ${result.service} ${result.status}${why}, file ${fileId}, at ${receivedAt}`,
          async perform({ store, countCase }) {
            const recorded = await store.recordDelivery(delivery)
            return () => {
              const { run, ...expected } = applyWebhook(model, submissionId, result, () =>
                addDelivery(model, recorded.deliveryId, delivery),
              )
              // The store assigns the id of a new run. From then on, the id must not change.
              if (run !== null) run.runId ??= recorded.runId
              const deliveryId = expected.outcome === 'rejected' ? null : expect.any(String)
              expect(recorded).toEqual({ ...expected, deliveryId, runId: run?.runId ?? null })
              countCase(recorded.cause ?? recorded.outcome)
            }
          },
        }
      },
  )
