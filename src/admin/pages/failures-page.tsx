import type { CountedGroup } from '../../domain/run-group.ts'
import type { MatchingGroups } from '../../tracking/operators/list-run-groups.ts'
import type { ListedRunView } from '../../tracking/operators/listed-run-view.ts'
import { ACKNOWLEDGEMENTS, FAILURES, RETRIES } from '../addresses.ts'
import { FilterBar } from '../components/filter-bar.tsx'
import { HiddenFields, OwnForm } from '../components/forms.tsx'
import { GroupTable } from '../components/group-table.tsx'
import { Layout } from '../components/layout.tsx'
import { EmptyState, Pager } from '../components/pager.tsx'
import { RunTable } from '../components/run-table.tsx'
import { type FailuresQuery, failuresHref, fieldsOf } from '../failures-query.ts'
import type { Operator } from '../operator-door.ts'

type FailuresProps = {
  operator: Operator
  query: FailuresQuery
  notice?: string | undefined
  /** All kinds of runs that there are, for the choices. */
  groups: readonly CountedGroup[]
  /** Those that match. */
  matching: MatchingGroups
  list: { runs: readonly ListedRunView[]; newest: string | null; older: string | null }
}

export function FailuresPage(props: FailuresProps) {
  const { operator, query, notice, groups, matching } = props
  const isGrouped = query.group === 'cause'
  const { total, isComplete } = matching
  return (
    <Layout title="Failures" operator={operator} room={FAILURES} notice={notice} q={query.q}>
      <div class="head">
        <h1>
          {query.status === 'failed' ? 'Failures' : `Runs: ${query.status === 'any' ? 'all' : query.status}`}
        </h1>
        <p class="count">
          {total.toLocaleString('en')} {isComplete ? 'in all' : 'or more'}
        </p>
        <a class="button" href={failuresHref(query, { group: isGrouped ? '' : 'cause' })}>
          {isGrouped ? 'One by one' : 'Group by cause'}
        </a>
      </div>
      <FilterBar query={query} groups={groups} />
      {isGrouped ? (
        <GroupTable operator={operator} query={query} matching={matching} />
      ) : (
        <Worklist {...props} />
      )}
    </Layout>
  )
}

function Worklist({ operator, query, list }: FailuresProps) {
  const { runs, newest, older } = list
  if (runs.length === 0)
    return (
      <>
        <NothingFound query={query} isLast={older === null} />
        <Pager newest={newest} older={older} />
      </>
    )
  // What is pending can be neither retried nor acknowledged.
  if (query.status === 'pending')
    return (
      <>
        <RunTable runs={runs} caption="Runs, the newest first" />
        <Pager newest={newest} older={older} />
      </>
    )
  return (
    <OwnForm operator={operator} action={`${RETRIES}/preview`} class="bulk" id="bulk">
      <HiddenFields fields={fieldsOf(query)} />
      <Bulk query={query} />
      <RunTable runs={runs} caption="Runs, the newest first" isSelectable />
      <Pager newest={newest} older={older} />
    </OwnForm>
  )
}

/** Each leads to a page that says what would be done, and asks. */
function Bulk({ query }: { query: FailuresQuery }) {
  const preview = `${ACKNOWLEDGEMENTS}/preview`
  return (
    <div class="bulk-bar">
      <fieldset>
        <legend>
          Ticked runs <output id="ticked" />
        </legend>
        <button type="submit" name="scope" value="some" data-needs-ticked>
          Retry…
        </button>
        <button type="submit" name="scope" value="some" formaction={preview} data-needs-ticked>
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

function NothingFound({ query, isLast }: { query: FailuresQuery; isLast: boolean }) {
  if (!isLast)
    return (
      <EmptyState
        title="Nothing found among the newest"
        hint="Too many names begin so to look at all of them at once: go on with “Older”, or type more of the name."
      />
    )
  if (query.q !== '')
    return (
      <EmptyState
        title="Nothing found"
        hint="An id has to be whole; a file name may be its beginning. Uploads that ImageKit refused are found by their own ids only."
      />
    )
  if (fieldsOf(query).length === 0)
    return (
      <EmptyState
        title="No open failures"
        hint="Every failed run is acknowledged. New failures appear here, the newest first."
      />
    )
  return (
    <EmptyState title="No run matches" hint="Take one of the filters away, or go back to the worklist." />
  )
}
