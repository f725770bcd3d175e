import { Hono } from 'hono'
import { EVERY_RUN } from '../../domain/run-filter.ts'
import type { AppContext, AppEnv } from '../../http/app-env.ts'
import { parsePage, writeCursor } from '../../http/operators/list-query.ts'
import { route } from '../../http/routes.ts'
import { acknowledgeMatching } from '../../tracking/operators/acknowledge-matching.ts'
import { acknowledgeRuns } from '../../tracking/operators/acknowledge-runs.ts'
import { countMatchingRuns, listRunGroups } from '../../tracking/operators/list-run-groups.ts'
import { listRuns } from '../../tracking/operators/list-runs.ts'
import { previewRetry, showRetry, startRetry } from '../../tracking/operators/retry-runs.ts'
import { ACKNOWLEDGEMENTS, FAILURES, RETRIES, retryHref } from '../addresses.ts'
import { failuresHref, filterOf, nextHref, readFailuresQuery } from '../failures-query.ts'
import { takeNotice } from '../notices.ts'
import type { OperatorDoor } from '../operator-door.ts'
import { answerPage, seeOther } from '../page-answers.ts'
import { FailuresPage } from '../pages/failures-page.tsx'
import { AcknowledgePreviewPage, RetryPreviewPage } from '../pages/preview-pages.tsx'
import { RetryPage } from '../pages/retry-page.tsx'
import { readNote, readOwnForm } from '../read-form.ts'
import {
  MAX_ACKNOWLEDGED,
  MAX_SELECTED,
  type RunSelection,
  readSelection,
  SHOWN_TOTAL,
  selectionFields,
} from '../run-selection.ts'

type FailureRoutesDeps = Parameters<typeof listRuns>[0] &
  Parameters<typeof listRunGroups>[0] &
  Parameters<typeof acknowledgeMatching>[0] &
  Parameters<typeof startRetry>[0] & { door: OperatorDoor }

/** The list of runs, and what is done to many of them. */
export function failureRoutes(deps: FailureRoutesDeps): Hono<AppEnv> {
  const { door } = deps
  const app = new Hono<AppEnv>()

  route(app, FAILURES, {
    GET: async (c) => {
      const operator = await door.admit(c)
      const query = readFailuresQuery({ get: (name) => c.req.query(name) })
      const filter = filterOf(query)
      const page = parsePage(c)
      const groups = await listRunGroups(deps, EVERY_RUN)
      const matching = await countMatchingRuns(deps, filter)
      const { runs, next } = query.group === 'cause' ? NO_RUNS : await listRuns(deps, filter, page)
      const list = {
        runs,
        newest: page.before === null ? null : failuresHref(query),
        older: next === null ? null : nextHref(query, writeCursor(next)),
      }
      const notice = takeNotice(c)
      return answerPage(c, <FailuresPage {...{ operator, query, groups, matching, list, notice }} />)
    },
  })

  route(app, `${RETRIES}/preview`, {
    GET: leadBack,
    POST: async (c) => {
      const { operator, form } = await readOwnForm(c, door)
      const selection = readSelection(form)
      if (selection === undefined) return nothingSelected(c, form)
      const preview = await previewRetry(deps, retrySelection(selection))
      return answerPage(c, <RetryPreviewPage operator={operator} selection={selection} preview={preview} />)
    },
  })
  route(app, RETRIES, {
    GET: leadBack,
    POST: async (c) => {
      const { operator, form } = await readOwnForm(c, door)
      const selection = readSelection(form)
      if (selection === undefined) return nothingSelected(c, form)
      if (selection.kind === 'all') {
        const preview = await previewRetry(deps, retrySelection(selection))
        const page = { operator, selection, preview, changed: { text: form.get('reason') } }
        if (hasChanged(form, preview)) return answerPage(c, <RetryPreviewPage {...page} />)
      }
      const details =
        selection.kind === 'all'
          ? Object.fromEntries(selectionFields(selection))
          : { runIds: [...selection.runIds] }
      const progress = await startRetry(deps, {
        selection: retrySelection(selection),
        actor: operator.keyName,
        reason: readNote(form, 'reason'),
        details,
      })
      return seeOther(c, retryHref(progress.retryId))
    },
  })
  route(app, `${RETRIES}/:retryId`, {
    GET: async (c) => {
      const operator = await door.admit(c)
      const retry = await showRetry(deps, c.req.param('retryId') ?? '')
      return answerPage(c, <RetryPage operator={operator} retry={retry} />)
    },
  })

  route(app, `${ACKNOWLEDGEMENTS}/preview`, {
    GET: leadBack,
    POST: async (c) => {
      const { operator, form } = await readOwnForm(c, door)
      const selection = readSelection(form)
      if (selection === undefined) return nothingSelected(c, form)
      const preview = await previewAcknowledgement(selection)
      return answerPage(c, <AcknowledgePreviewPage {...{ operator, selection, preview }} />)
    },
  })
  route(app, ACKNOWLEDGEMENTS, {
    GET: leadBack,
    POST: async (c) => {
      const { operator, form } = await readOwnForm(c, door)
      const selection = readSelection(form)
      if (selection === undefined) return nothingSelected(c, form)
      if (selection.kind === 'all') {
        const preview = await previewAcknowledgement(selection)
        const page = { operator, selection, preview, changed: { text: form.get('note') } }
        if (hasChanged(form, preview)) return answerPage(c, <AcknowledgePreviewPage {...page} />)
      }
      const by = { note: readNote(form, 'note'), actor: operator.keyName }
      if (selection.kind === 'all')
        await acknowledgeMatching(deps, { filter: selection.filter, limit: MAX_ACKNOWLEDGED, ...by })
      else await acknowledgeRuns(deps, { runIds: selection.runIds, ...by })
      return seeOther(c, failuresHref(selection.query), 'acknowledged')
    },
  })

  const previewAcknowledgement = async (
    selection: RunSelection,
  ): Promise<{ total: number; isComplete: boolean }> => {
    if (selection.kind === 'some') return { total: selection.runIds.length, isComplete: true }
    return countMatchingRuns(deps, { ...selection.filter, acknowledged: false })
  }
  return app
}

/** The address of a form, opened by itself. */
const leadBack = (c: AppContext) => seeOther(c, FAILURES)

const NO_RUNS = { runs: [], next: null }

function retrySelection(selection: RunSelection): Parameters<typeof previewRetry>[1] {
  if (selection.kind === 'some') return { runIds: selection.runIds }
  return { filter: selection.filter, limit: MAX_SELECTED }
}

/** Whether other runs match than when the operator was asked: what was shown is what is done. */
function hasChanged(form: URLSearchParams, { total }: { total: number }): boolean {
  return form.get(SHOWN_TOTAL) !== String(total)
}

function nothingSelected(c: AppContext, form: URLSearchParams): Response {
  return seeOther(c, failuresHref(readFailuresQuery(form)), 'nothing-selected')
}
