import type { CountedGroup } from '../../domain/run-group.ts'
import { MAX_COUNTED, type MatchingGroups } from '../../tracking/operators/list-run-groups.ts'
import { ACKNOWLEDGEMENTS, RETRIES } from '../addresses.ts'
import { type FailuresQuery, failuresHref, fieldsOf } from '../failures-query.ts'
import type { Operator } from '../operator-session.ts'
import { CsrfForm, HiddenFields } from './forms.tsx'
import { EmptyState } from './layout.tsx'
import { Pill } from './pill.tsx'
import { UntrustedText } from './untrusted-text.tsx'

type GroupTableProps = { operator: Operator; query: FailuresQuery; matching: MatchingGroups }

/** Groups of runs, the largest first. */
export function GroupTable({ operator, query, matching: { groups, isComplete } }: GroupTableProps) {
  if (groups.length === 0)
    return <EmptyState title="No runs match" hint="Remove a filter, or go back to open failures." />
  return (
    <>
      {!isComplete && (
        <p class="hint">
          Not all matching runs are counted: at most the newest {MAX_COUNTED.toLocaleString('en')}.
        </p>
      )}
      <table class="rows">
        <caption class="visually-hidden">
          Runs by cause, extension and status, the largest group first
        </caption>
        <thead>
          <tr>
            <th scope="col">Cause</th>
            <th scope="col">Extension</th>
            <th scope="col">Status</th>
            <th scope="col" class="number">
              Runs
            </th>
            <th scope="col">Actions</th>
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
  const { extension, cause, status, acknowledged, count } = group
  const groupQuery: FailuresQuery = {
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
        <a href={failuresHref(groupQuery)}>
          {cause === '' ? `${status} runs` : <UntrustedText text={cause} />}
        </a>
      </th>
      <td data-label="Extension">
        <UntrustedText text={extension} />
      </td>
      <td data-label="Status">
        <Pill value={status} />
        {acknowledged && <span class="tag">acknowledged</span>}
      </td>
      <td data-label="Runs" class="number">
        {count.toLocaleString('en')}
      </td>
      <td data-label="Actions">
        {status !== 'pending' && (
          <CsrfForm operator={operator} action={`${RETRIES}/preview`} class="inline">
            <HiddenFields fields={[...fieldsOf(groupQuery), ['scope', 'all']]} />
            <button type="submit">Retry…</button>
            {!acknowledged && (
              <button type="submit" formaction={`${ACKNOWLEDGEMENTS}/preview`}>
                Acknowledge…
              </button>
            )}
          </CsrfForm>
        )}
      </td>
    </tr>
  )
}
