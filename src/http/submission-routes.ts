import { Hono } from 'hono'
import { z } from 'zod'
import { TrackerError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { Submission } from '../domain/submission.ts'
import { parseExtensions } from '../imagekit/extensions-parameter.ts'
import { readToldAnswer } from '../imagekit/read-answer.ts'
import type { Access } from '../tracking/access.ts'
import type { CapabilityTokens } from '../tracking/capability-tokens.ts'
import { recordResponse } from '../tracking/record-response.ts'
import { registerSubmission } from '../tracking/register-submission.ts'
import { admitStatusReader } from '../tracking/status-access.ts'
import type { StatusBoard } from '../tracking/status-board.ts'
import { submissionView } from '../tracking/submission-view.ts'
import type { AppContext, AppEnv } from './app-env.ts'
import { tokenRouteCors } from './cors.ts'
import { presentedKey } from './presented-key.ts'
import { readJsonObject } from './read-json.ts'
import { route } from './routes.ts'
import { answerStatus } from './status-answers.ts'
import { statusCredential } from './status-credential.ts'

type SubmissionRoutesDeps = Parameters<typeof registerSubmission>[0] &
  Parameters<typeof recordResponse>[0] & {
    store: {
      findSubmission(submissionId: string): Promise<{ submission: Submission; runs: Run[] } | undefined>
    }
    board: Pick<StatusBoard, 'find'>
    access: Access
    tokens: Pick<CapabilityTokens, 'submission'>
  }

const registrationSchema = z.object({
  extensions: z.array(z.unknown()).min(1),
  fileId: z.string().min(1).max(256).nullish(),
})

/** Uploads made elsewhere, and what is known of any submission. */
export function submissionRoutes(deps: SubmissionRoutesDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  const admit = (c: AppContext): string => {
    const submissionId = c.req.param('submissionId') ?? ''
    admitStatusReader(
      { access: deps.access, statusTokens: deps.tokens.submission },
      submissionId,
      statusCredential(c),
    )
    return submissionId
  }
  const find = async (submissionId: string) => {
    const found = await deps.store.findSubmission(submissionId)
    if (found === undefined) throw new TrackerError('not_found', 'There is no submission with this id.')
    return found
  }

  route(app, '/submissions', {
    POST: async (c) => {
      const { keyName } = deps.access.identify(presentedKey(c))
      const { json } = await readJsonObject(c.env.incoming)
      const parsed = registrationSchema.safeParse(json)
      if (!parsed.success) throw invalidRegistration(parsed.error)
      const extensions = parseExtensions(parsed.data.extensions)
      const { location, ...registered } = await registerSubmission(deps, {
        extensions,
        fileId: parsed.data.fileId ?? null,
        keyName,
      })
      return c.json(registered, 201, { Location: location })
    },
  })

  app.use('/submissions/:submissionId', tokenRouteCors(['GET', 'HEAD']))
  route(app, '/submissions/:submissionId', {
    GET: async (c) =>
      c.json(submissionView(deps.links, await find(admit(c))), 200, { 'Cache-Control': 'no-cache' }),
  })

  app.use('/submissions/:submissionId/response', tokenRouteCors(['PUT']))
  route(app, '/submissions/:submissionId/response', {
    PUT: async (c) => {
      const submissionId = admit(c)
      await find(submissionId)
      const { json } = await readJsonObject(c.env.incoming)
      const answer = readToldAnswer(json)
      if (answer === undefined)
        throw new TrackerError(
          'invalid_input',
          'The body should be the JSON that ImageKit answered to the upload.',
        )
      const { fileId } = await recordResponse(deps, submissionId, answer)
      if (fileId !== null) return answerStatus(c, await deps.board.find(fileId), undefined)
      return c.json(submissionView(deps.links, await find(submissionId)))
    },
  })
  return app
}

function invalidRegistration(error: z.ZodError): TrackerError {
  const fields = error.issues.map((issue) => ({ field: issue.path.join('.'), message: issue.message }))
  return new TrackerError('invalid_input', 'The submission is not valid.', { fields })
}
