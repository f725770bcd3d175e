import { pageOf, pageQuerySchema, writeCursor } from '../../contract/page.ts'
import { EVERY_RUN } from '../../domain/run-filter.ts'
import { parseQuery } from '../../http/parse-with.ts'
import type { AppContext } from '../../http/request.ts'
import {
  type AcknowledgeMatchingDeps,
  acknowledgeMatching,
  acknowledgeRuns,
} from '../../tracking/operators/acknowledge-runs.ts'
import {
  countMatchingRuns,
  type ListRunGroupsDeps,
  listRunGroups,
} from '../../tracking/operators/list-run-groups.ts'
import { type ListRunsDeps, listRuns } from '../../tracking/operators/list-runs.ts'
import {
  previewRetry,
  type RetrySelection,
  type StartRetryDeps,
  showRetry,
  startRetry,
} from '../../tracking/operators/retry-runs.ts'
import { ACKNOWLEDGEMENTS, FAILURES, RETRIES, retryHref } from '../addresses.ts'
import { failuresHref, filterOf, nextHref, readFailuresQuery } from '../failures-query.ts'
import { takeNotice } from '../notices.ts'
import { respondWithPage, seeOther } from '../page-responses.ts'
import { type Pages, pageRoute } from '../page-route.ts'
import { FailuresPage } from '../pages/failures-page.tsx'
import {
  type AcknowledgementPreview,
  AcknowledgePreviewPage,
  RetryPreviewPage,
} from '../pages/preview-pages.tsx'
import { RetryPage } from '../pages/retry-page.tsx'
import { readNote } from '../read-form.ts'
import {
  MAX_ACKNOWLEDGED,
  MAX_SELECTED,
  type RunSelection,
  readSelection,
  SHOWN_TOTAL,
  selectionFields,
} from '../run-selection.ts'

export type FailureRoutesDeps = ListRunsDeps & ListRunGroupsDeps & AcknowledgeMatchingDeps & StartRetryDeps

/** The list of runs, and the actions on several runs at once: retrying and acknowledging. */
export function failureRoutes(pages: Pages, deps: FailureRoutesDeps): void {
  pageRoute(pages, FAILURES, {
    async GET({ operator, query: parameters }, c) {
      const query = readFailuresQuery(parameters)
      const filter = filterOf(query)
      const page = pageOf(parseQuery(pageQuerySchema, parameters))
      const groups = await listRunGroups(deps, EVERY_RUN)
      const matching = await countMatchingRuns(deps, filter)
      const { runs, next } = query.group === 'cause' ? NO_RUNS : await listRuns(deps, filter, page)
      const list = {
        runs,
        newest: page.before === null ? null : failuresHref(query),
        older: next === null ? null : nextHref(query, writeCursor(next)),
      }
      const notice = takeNotice(c)
      return respondWithPage(c, <FailuresPage {...{ operator, query, groups, matching, list, notice }} />)
    },
  })

  pageRoute(pages, `${RETRIES}/preview`, {
    GET: redirectToList,
    async POST({ operator, form }, c) {
      const selection = readSelection(form)
      if (selection === undefined) return redirectNothingSelected(c, form)
      const preview = await previewRetry(deps, retrySelection(selection))
      return respondWithPage(
        c,
        <RetryPreviewPage operator={operator} selection={selection} preview={preview} />,
      )
    },
  })
  pageRoute(pages, RETRIES, {
    GET: redirectToList,
    async POST({ operator, form }, c) {
      const selection = readSelection(form)
      if (selection === undefined) return redirectNothingSelected(c, form)
      if (selection.kind === 'all') {
        const preview = await previewRetry(deps, retrySelection(selection))
        const props = { operator, selection, preview, changed: { text: form.get('reason') } }
        if (hasChanged(form, preview)) return respondWithPage(c, <RetryPreviewPage {...props} />)
      }
      // For the audit log: the filters, or the ids.
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
  pageRoute(pages, `${RETRIES}/:retryId`, {
    async GET({ operator, params }, c) {
      const retry = await showRetry(deps, params.retryId)
      return respondWithPage(c, <RetryPage operator={operator} retry={retry} />)
    },
  })

  pageRoute(pages, `${ACKNOWLEDGEMENTS}/preview`, {
    GET: redirectToList,
    async POST({ operator, form }, c) {
      const selection = readSelection(form)
      if (selection === undefined) return redirectNothingSelected(c, form)
      const preview = await previewAcknowledgement(selection)
      return respondWithPage(c, <AcknowledgePreviewPage {...{ operator, selection, preview }} />)
    },
  })
  pageRoute(pages, ACKNOWLEDGEMENTS, {
    GET: redirectToList,
    async POST({ operator, form }, c) {
      const selection = readSelection(form)
      if (selection === undefined) return redirectNothingSelected(c, form)
      if (selection.kind === 'all') {
        const preview = await previewAcknowledgement(selection)
        const props = { operator, selection, preview, changed: { text: form.get('note') } }
        if (hasChanged(form, preview)) return respondWithPage(c, <AcknowledgePreviewPage {...props} />)
      }
      const action = { note: readNote(form, 'note'), actor: operator.keyName }
      const count =
        selection.kind === 'all'
          ? await acknowledgeMatching(deps, { filter: selection.filter, limit: MAX_ACKNOWLEDGED, ...action })
          : (await acknowledgeRuns(deps, { runIds: selection.runIds, ...action })).length
      return seeOther(c, failuresHref(selection.query), count > 0 ? 'acknowledged' : 'nothing-acknowledged')
    },
  })

  const previewAcknowledgement = async (selection: RunSelection): Promise<AcknowledgementPreview> => {
    if (selection.kind === 'some') return { total: selection.runIds.length, isComplete: true }
    return countMatchingRuns(deps, { ...selection.filter, acknowledged: false })
  }
}

/**
 * Responds to a GET of a path that only processes forms. “Discard” on the page that offers to send a form again links to such a path,
 * and after a preview the address bar shows one.
 */
const redirectToList = (_: unknown, c: AppContext) => seeOther(c, FAILURES)

/** Instead of a list of runs, for a page that shows groups of runs by cause. */
const NO_RUNS = { runs: [], next: null }

function retrySelection(selection: RunSelection): RetrySelection {
  if (selection.kind === 'some') return { runIds: selection.runIds }
  return { filter: selection.filter, limit: MAX_SELECTED }
}

/**
 * True if the preview would show another number of runs now. Then the operator must confirm again. Only for selections by filter: runs
 * that were selected individually stay the same.
 */
function hasChanged(form: URLSearchParams, { total }: { total: number }): boolean {
  return form.get(SHOWN_TOTAL) !== String(total)
}

function redirectNothingSelected(c: AppContext, form: URLSearchParams): Response {
  return seeOther(c, failuresHref(readFailuresQuery(form)), 'nothing-selected')
}
