import fc from 'fast-check'
import { expect } from 'vitest'
import { newSubmission } from '../facts.ts'
import { idOf, type Plan } from './step.ts'
import { submit } from './submission-rules.ts'
import { file, name, time } from './words.ts'

/** A submission, about a file that is known or not, of extensions that may be named twice. */
export const submitting: fc.Arbitrary<Plan> = fc
  .record({
    kind: fc.constantFrom('upload', 'update', 'external'),
    names: fc.array(name, { maxLength: 3 }),
    fileId: file,
    isToldOf: fc.boolean(),
    at: time,
  })
  .map(
    ({ kind, names, fileId, isToldOf, at }): Plan =>
      (model) => {
        const asked = newSubmission(names, {
          kind,
          fileId: idOf(model, kind === 'upload' ? null : fileId),
          callerWebhookUrl: isToldOf ? `https://caller.example/${model.scope}` : null,
          at,
        })
        const about = asked.fileId === null ? 'no file' : fileId
        const told = `${kind} of ${about} [${names.join(' ')}]${isToldOf ? ' for a caller' : ''} at ${at}`
        return {
          told: `#${model.submissions.length} = ${told}`,
          async take({ store }) {
            const { submissionId } = await store.createSubmission(asked)
            return () => {
              // The store chooses the id, and none twice: from then on it is this submission's.
              expect(model.submissions.map((known) => known.submissionId)).not.toContain(submissionId)
              submit(model, asked, submissionId)
            }
          },
        }
      },
  )
