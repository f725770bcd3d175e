import { Hono } from 'hono'
import { z } from 'zod'
import type { Access } from '../../tracking/access.ts'
import { acknowledgeRun } from '../../tracking/operators/acknowledge-runs.ts'
import { listRuns } from '../../tracking/operators/list-runs.ts'
import { retryRun } from '../../tracking/operators/retry-run.ts'
import { previewRetry, showRetry, startRetry } from '../../tracking/operators/retry-runs.ts'
import { showRun } from '../../tracking/operators/show-run.ts'
import type { AppEnv } from '../app-env.ts'
import { parseWith } from '../parse-with.ts'
import type { ReadBody } from '../read-body.ts'
import { readJsonObject } from '../read-json.ts'
import { requestKey } from '../request-key.ts'
import { route } from '../routes.ts'
import { parsePage, readListQuery, readQuery, respondWithPage } from './list-query.ts'
import { readOptionalJson } from './read-optional-json.ts'
import { readReason, reasonText } from './read-reason.ts'
import { parseRetryRequest, parseRunQuery, RUN_FILTERS } from './run-filter-schema.ts'

type RunRoutesDeps = Parameters<typeof listRuns>[0] &
  Parameters<typeof showRun>[0] &
  Parameters<typeof acknowledgeRun>[0] &
  Parameters<typeof retryRun>[0] &
  Parameters<typeof startRetry>[0] & { access: Pick<Access, 'identifyOperator'>; readBody: ReadBody }

const noteSchema = z.strictObject({ note: reasonText })

/** Lists, shows, retries and acknowledges runs. */
export function runRoutes(deps: RunRoutesDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  route(app, '/runs', {
    GET: async (c) => {
      deps.access.identifyOperator(requestKey(c.env.incoming))
      const { runs, next } = await listRuns(deps, parseRunQuery(readListQuery(c, RUN_FILTERS)), parsePage(c))
      return respondWithPage(c, { runs }, next)
    },
  })
  // Before `/runs/:runId`: `retry` is a segment of this route, never an id.
  route(app, '/runs/retry', {
    POST: async (c) => {
      const { keyName: actor } = deps.access.identifyOperator(requestKey(c.env.incoming))
      const { json } = await readJsonObject(c.env.incoming, deps.readBody)
      const { filter, limit, dryRun, reason } = parseRetryRequest(json)
      const selection = { filter, limit }
      if (dryRun) return c.json(await previewRetry(deps, selection))
      const progress = await startRetry(deps, { selection, actor, reason, details: json })
      return c.json(progress, 202, { Location: `/retries/${progress.retryId}` })
    },
  })
  route(app, '/runs/:runId', {
    GET: async (c) => {
      deps.access.identifyOperator(requestKey(c.env.incoming))
      readQuery(c, [])
      return c.json(await showRun(deps, c.req.param('runId') ?? ''))
    },
  })
  route(app, '/runs/:runId/retry', {
    POST: async (c) => {
      const { keyName: actor } = deps.access.identifyOperator(requestKey(c.env.incoming))
      const reason = await readReason(c.env.incoming, deps.readBody)
      const run = await retryRun(deps, { runId: c.req.param('runId') ?? '', actor, reason })
      return c.json(run, 201, { Location: `/runs/${run.runId}` })
    },
  })
  route(app, '/runs/:runId/acknowledge', {
    POST: async (c) => {
      const { keyName: actor } = deps.access.identifyOperator(requestKey(c.env.incoming))
      const { note = null } = parseWith(noteSchema, await readOptionalJson(c.env.incoming, deps.readBody))
      return c.json(await acknowledgeRun(deps, { runId: c.req.param('runId') ?? '', note, actor }))
    },
  })
  route(app, '/retries/:retryId', {
    GET: async (c) => {
      deps.access.identifyOperator(requestKey(c.env.incoming))
      readQuery(c, [])
      return c.json(await showRetry(deps, c.req.param('retryId') ?? ''))
    },
  })
  return app
}
