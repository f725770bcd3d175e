import type { CountedGroup } from '../../domain/run-group.ts'
import { MAX_COUNTED, type MatchingGroups } from '../../tracking/operators/list-run-groups.ts'
import { ACKNOWLEDGEMENTS, RETRIES } from '../addresses.ts'
import { type FailuresQuery, failuresHref, fieldsOf } from '../failures-query.ts'
import type { Operator } from '../operator-door.ts'
import { HiddenFields, OwnForm } from './forms.tsx'
import { OutsideText } from './outside-text.tsx'
import { EmptyState } from './pager.tsx'
import { Pill } from './pill.tsx'

type GroupTableProps = { operator: Operator; query: FailuresQuery; matching: MatchingGroups }

/** Runs by what they have in common, the most frequent first. */
export function GroupTable({ operator, query, matching: { groups, isComplete } }: GroupTableProps) {
  if (groups.length === 0)
    return (
      <EmptyState title="No run matches" hint="Take one of the filters away, or go back to the worklist." />
    )
  return (
    <>
      {!isComplete && <p class="hint">Counts the newest {MAX_COUNTED.toLocaleString('en')} matching runs.</p>}
      <table class="rows">
        <caption class="visually-hidden">Runs by extension and cause, the most frequent first</caption>
        <thead>
          <tr>
            <th scope="col">Cause</th>
            <th scope="col">Extension</th>
            <th scope="col">Status</th>
            <th scope="col" class="number">
              Runs
            </th>
            <th scope="col">All of them</th>
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <GroupRow operator={operator} query={query} group={group} />
          ))}
        </tbody>
      </table>
    </>
  )
}

function GroupRow({
  operator,
  query,
  group,
}: {
  operator: Operator
  query: FailuresQuery
  group: CountedGroup
}) {
  const { extension, cause, status, acknowledged, size } = group
  const asked: FailuresQuery = {
    ...query,
    group: '',
    extension,
    cause,
    status,
    acknowledged: String(acknowledged),
  }
  return (
    <tr>
      <th scope="row" data-label="Cause">
        <a href={failuresHref(asked)}>
          {cause === '' ? `every ${status} run` : <OutsideText text={cause} />}
        </a>
      </th>
      <td data-label="Extension">
        <OutsideText text={extension} />
      </td>
      <td data-label="Status">
        <Pill of={status} />
        {acknowledged && <span class="tag">acknowledged</span>}
      </td>
      <td data-label="Runs" class="number">
        {size.toLocaleString('en')}
      </td>
      <td data-label="All of them">
        {status !== 'pending' && (
          <OwnForm operator={operator} action={`${RETRIES}/preview`} class="inline">
            <HiddenFields fields={[...fieldsOf(asked), ['scope', 'all']]} />
            <button type="submit">Retry…</button>
            {!acknowledged && (
              <button type="submit" formaction={`${ACKNOWLEDGEMENTS}/preview`}>
                Acknowledge…
              </button>
            )}
          </OwnForm>
        )}
      </td>
    </tr>
  )
}
