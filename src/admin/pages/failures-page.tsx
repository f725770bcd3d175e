import type { CountedGroup } from '../../domain/run-group.ts'
import type { MatchingGroups } from '../../tracking/operators/list-run-groups.ts'
import type { ListedRunView } from '../../tracking/operators/list-runs.ts'
import { ACKNOWLEDGEMENTS, FAILURES, RETRIES } from '../addresses.ts'
import { FilterBar } from '../components/filter-bar.tsx'
import { CsrfForm, HiddenFields } from '../components/forms.tsx'
import { GroupTable } from '../components/group-table.tsx'
import { EmptyState, Layout } from '../components/layout.tsx'
import { Pager } from '../components/pager.tsx'
import { RunTable } from '../components/run-table.tsx'
import { type FailuresQuery, failuresHref, fieldsOf, OPEN_FAILURES } from '../failures-query.ts'
import type { Operator } from '../operator-session.ts'

type FailuresProps = {
  operator: Operator
  query: FailuresQuery
  notice?: string | undefined
  /** All groups of runs, for the filter options. */
  groups: readonly CountedGroup[]
  /** The groups that match the query. */
  matching: MatchingGroups
  list: { runs: readonly ListedRunView[]; newest: string | null; older: string | null }
}

export function FailuresPage(props: FailuresProps) {
  const { operator, query, notice, groups, matching } = props
  const isGrouped = query.group === 'cause'
  const { total, isComplete } = matching
  return (
    <Layout title="Failures" operator={operator} section={FAILURES} notice={notice} q={query.q}>
      <div class="head">
        <h1>
          {query.status === 'failed' ? 'Failures' : `Runs: ${query.status === 'any' ? 'all' : query.status}`}
        </h1>
        <p class="count">
          {total.toLocaleString('en')} {isComplete ? 'total' : 'or more'}
        </p>
        <a class="button" href={failuresHref(query, { group: isGrouped ? '' : 'cause' })}>
          {isGrouped ? 'List runs' : 'Group by cause'}
        </a>
      </div>
      <FilterBar query={query} groups={groups} />
      {isGrouped ? (
        <GroupTable operator={operator} query={query} matching={matching} />
      ) : (
        <RunList {...props} />
      )}
    </Layout>
  )
}

function RunList({ operator, query, list }: FailuresProps) {
  const { runs, newest, older } = list
  if (runs.length === 0)
    return (
      <>
        <NoRuns query={query} isLastPage={older === null} />
        <Pager newest={newest} older={older} />
      </>
    )
  // Pending runs can be neither retried nor acknowledged.
  if (query.status === 'pending')
    return (
      <>
        <RunTable runs={runs} caption="Runs, newest first" />
        <Pager newest={newest} older={older} />
      </>
    )
  return (
    <CsrfForm operator={operator} action={`${RETRIES}/preview`} class="bulk" id="bulk">
      <HiddenFields fields={fieldsOf(query)} />
      <BulkActions query={query} />
      <RunTable runs={runs} caption="Runs, newest first" isSelectable />
      <Pager newest={newest} older={older} />
    </CsrfForm>
  )
}

/**
 * Each button opens a preview that asks for confirmation. With runs of any status, “all” is not offered: it would include pending
 * runs.
 */
function BulkActions({ query }: { query: FailuresQuery }) {
  const preview = `${ACKNOWLEDGEMENTS}/preview`
  return (
    <div class="bulk-bar">
      <fieldset>
        <legend>
          Selected runs <output id="selected-count" />
        </legend>
        <button type="submit" name="scope" value="some" data-needs-selection>
          Retry…
        </button>
        <button type="submit" name="scope" value="some" formaction={preview} data-needs-selection>
          Acknowledge…
        </button>
      </fieldset>
      {query.status !== 'any' && (
        <fieldset>
          <legend>All that match</legend>
          <button type="submit" name="scope" value="all">
            Retry all…
          </button>
          {query.acknowledged !== 'true' && (
            <button type="submit" name="scope" value="all" formaction={preview}>
              Acknowledge all…
            </button>
          )}
        </fieldset>
      )}
    </div>
  )
}

function NoRuns({ query, isLastPage }: { query: FailuresQuery; isLastPage: boolean }) {
  if (!isLastPage)
    return (
      <EmptyState
        title="No match so far"
        hint="Not all runs can be searched at once. Continue with “Older”. In a search for a file name, entering more of it also helps."
      />
    )
  if (query.q !== '')
    return (
      <EmptyState
        title="No runs found"
        hint="Enter a complete id or the beginning of a file name. Rejected uploads are found only by run id or submission id."
      />
    )
  if (fieldsOf(query).length === 0)
    return (
      <EmptyState
        title="No open failures"
        hint="Every failed run is acknowledged. New failures appear here, newest first."
      />
    )
  if (query.status !== 'any' && fieldsOf({ ...query, status: OPEN_FAILURES.status }).length === 0)
    return (
      <EmptyState
        title={`No ${query.status} runs`}
        hint="Runs with this status that are not acknowledged appear here, newest first."
      />
    )
  return <EmptyState title="No runs match" hint="Remove a filter, or go back to open failures." />
}
