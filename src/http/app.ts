import { Hono } from 'hono'
import { TrackerError } from '../domain/errors.ts'
import type { AppContext, AppEnv } from './app-env.ts'
import { type ErrorAnswers, isImagekitPath } from './error-answers.ts'
import { loopbackGuard } from './loopback-guard.ts'
import { requestId } from './request-id.ts'

/** The HTTP face of the tracker: the groups of routes one after another, and what holds for all of them. */
export function createApp(deps: {
  errorAnswers: ErrorAnswers
  /** Requests that come from elsewhere than this machine are refused. */
  loopbackOnly: boolean
  /** Addresses that a person opens in a browser: their errors are pages. */
  pages: {
    has(path: string): boolean
    answerError(error: unknown, c: AppContext): Response | Promise<Response>
  }
  groups: readonly Hono<AppEnv>[]
}): Hono<AppEnv> {
  const { asImagekit, asProblem } = deps.errorAnswers
  const answerError = (error: unknown, c: AppContext) => {
    if (deps.pages.has(c.req.path)) return deps.pages.answerError(error, c)
    return isImagekitPath(c.req.path) ? asImagekit(error, c) : asProblem(error, c)
  }

  const app = new Hono<AppEnv>()
  app.use(requestId)
  if (deps.loopbackOnly) app.use(loopbackGuard)
  app.onError(answerError)
  app.notFound((c) => {
    const message = isImagekitPath(c.req.path) ? NOT_FORWARDED : 'This address is not known here.'
    return answerError(new TrackerError('not_found', message), c)
  })
  for (const routes of deps.groups) app.route('/', routes)
  return app
}

const NOT_FORWARDED =
  'The tracker does not forward this address. It forwards uploads (POST /api/v1/files/upload and /api/v2/files/upload) and ' +
  'updates (PATCH /v1/files/FILE_ID/details). Send every other request directly to ImageKit, with your private key.'
