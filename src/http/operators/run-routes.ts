import { z } from 'zod'
import { pageOf, pageQuerySchema } from '../../contract/page.ts'
import { noteSchema, reasonSchema } from '../../contract/reason.ts'
import { retryPreviewSchema, retryProgressSchema } from '../../contract/retry.ts'
import { listedRunSchema, runListSchema } from '../../contract/run.ts'
import { runDetailSchema } from '../../contract/run-detail.ts'
import { retryRequestSchema, runFilterQuerySchema, toRunFilter } from '../../contract/run-filter.ts'
import {
  type AcknowledgeRunDeps,
  acknowledgeRun,
  type UnacknowledgeRunDeps,
  unacknowledgeRun,
} from '../../tracking/operators/acknowledge-runs.ts'
import { type ListRunsDeps, listRuns } from '../../tracking/operators/list-runs.ts'
import { type RetryRunDeps, retryRun } from '../../tracking/operators/retry-run.ts'
import {
  previewRetry,
  type StartRetryDeps,
  showRetry,
  startRetry,
} from '../../tracking/operators/retry-runs.ts'
import { type ShowRunDeps, showRun } from '../../tracking/operators/show-run.ts'
import { pageResponse } from '../response.ts'
import { type Api, operation, route } from '../route.ts'

type RunRoutesDeps = ListRunsDeps &
  ShowRunDeps &
  AcknowledgeRunDeps &
  UnacknowledgeRunDeps &
  RetryRunDeps &
  StartRetryDeps

const runIdParams = z.object({ runId: z.string() })

/** Lists, shows, retries, acknowledges and unacknowledges runs. */
export function runRoutes(api: Api, deps: RunRoutesDeps): void {
  route(api, '/runs', {
    GET: operation({
      id: 'listRuns',
      summary: 'List runs, the newest first',
      auth: 'operator',
      query: z.strictObject({ ...runFilterQuerySchema.shape, ...pageQuerySchema.shape }),
      responses: { 200: runListSchema },
      headers: ['Link'],
      async handle({ query }, c) {
        const { runs, next } = await listRuns(deps, toRunFilter(query), pageOf(query))
        return pageResponse(c, { runs }, next)
      },
    }),
  })
  // Registered before `/runs/:runId`, which would take `retry` for an id.
  route(api, '/runs/retry', {
    POST: operation({
      id: 'retryRuns',
      summary: 'Retry all runs that match a filter',
      auth: 'operator',
      body: { json: retryRequestSchema },
      responses: { 200: retryPreviewSchema, 202: retryProgressSchema },
      headers: ['Location'],
      async handle({ body, json, caller }, c) {
        const { limit, dryRun, reason = null, ...filter } = body
        const selection = { filter: toRunFilter(filter), limit }
        if (dryRun) return { status: 200, json: await previewRetry(deps, selection) }
        // The audit entry's details are the request as it was sent.
        const progress = await startRetry(deps, { selection, actor: caller.keyName, reason, details: json })
        return {
          status: 202,
          json: progress,
          headers: { Location: `${c.get('basePath')}/retries/${progress.retryId}` },
        }
      },
    }),
  })
  route(api, '/runs/:runId', {
    GET: operation({
      id: 'getRun',
      summary: 'Get a run with everything that is known about it',
      auth: 'operator',
      params: runIdParams,
      responses: { 200: runDetailSchema },
      problems: ['not_found'],
      handle: async ({ params }) => ({ status: 200, json: await showRun(deps, params.runId) }),
    }),
  })
  route(api, '/runs/:runId/retry', {
    POST: operation({
      id: 'retryRun',
      summary: 'Retry a run',
      auth: 'operator',
      params: runIdParams,
      body: { json: reasonSchema, isOptional: true },
      responses: { 201: listedRunSchema },
      headers: ['Location'],
      problems: [
        'not_found',
        'run_pending',
        'run_not_current',
        'asset_gone',
        'unprocessable',
        'imagekit_unreachable',
        'imagekit_timeout',
        'imagekit_rate_limited',
      ],
      async handle({ params, body: { reason = null }, caller }, c) {
        const run = await retryRun(deps, { ...params, actor: caller.keyName, reason })
        return { status: 201, json: run, headers: { Location: `${c.get('basePath')}/runs/${run.runId}` } }
      },
    }),
  })
  route(api, '/runs/:runId/acknowledge', {
    POST: operation({
      id: 'acknowledgeRun',
      summary: 'Acknowledge a run, so that it is no longer an open failure',
      auth: 'operator',
      params: runIdParams,
      body: { json: noteSchema, isOptional: true },
      responses: { 200: listedRunSchema },
      problems: ['not_found', 'run_pending'],
      async handle({ params, body: { note = null }, caller }) {
        return { status: 200, json: await acknowledgeRun(deps, { ...params, note, actor: caller.keyName }) }
      },
    }),
  })
  route(api, '/runs/:runId/unacknowledge', {
    POST: operation({
      id: 'unacknowledgeRun',
      summary: 'Revoke the acknowledgement of a run',
      auth: 'operator',
      params: runIdParams,
      body: { json: reasonSchema, isOptional: true },
      responses: { 200: listedRunSchema },
      problems: ['not_found'],
      async handle({ params, body: { reason = null }, caller }) {
        return {
          status: 200,
          json: await unacknowledgeRun(deps, { ...params, reason, actor: caller.keyName }),
        }
      },
    }),
  })
  route(api, '/retries/:retryId', {
    GET: operation({
      id: 'getRetry',
      summary: 'Get the progress of a retry of many runs',
      auth: 'operator',
      params: z.object({ retryId: z.string() }),
      responses: { 200: retryProgressSchema },
      problems: ['not_found'],
      handle: async ({ params }) => ({ status: 200, json: await showRetry(deps, params.retryId) }),
    }),
  })
}
