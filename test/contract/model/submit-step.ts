import fc from 'fast-check'
import { expect } from 'vitest'
import { newSubmission } from '../builders.ts'
import { file, name, time } from './arbitraries.ts'
import { idOf, type Plan } from './step.ts'
import { submit } from './submission-rules.ts'

/** A submission for a known or unknown file. It may request the same extension more than once. */
export const submitting: fc.Arbitrary<Plan> = fc
  .record({
    kind: fc.constantFrom('upload', 'update', 'external'),
    names: fc.array(name, { maxLength: 3 }),
    fileId: file,
    notifiesCaller: fc.boolean(),
    at: time,
  })
  .map(
    ({ kind, names, fileId, notifiesCaller, at }): Plan =>
      (model) => {
        const request = newSubmission(names, {
          kind,
          fileId: idOf(model, kind === 'upload' ? null : fileId),
          callerWebhookUrl: notifiesCaller ? `https://caller.example/${model.scope}` : null,
          at,
        })
        const about = request.fileId === null ? 'no file' : fileId
        const description = `${kind} of ${about} [${names.join(' ')}]${notifiesCaller ? ' for a caller' : ''} at ${at}`
        return {
          description: `#${model.submissions.length} = ${description}`,
          async perform({ store }) {
            const { submissionId } = await store.createSubmission(request)
            return () => {
              // The store assigns the id, and each id only once.
              expect(model.submissions.map((known) => known.submissionId)).not.toContain(submissionId)
              submit(model, request, submissionId)
            }
          },
        }
      },
  )
