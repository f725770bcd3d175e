import type { CountedGroup } from '../../domain/run-group.ts'
import { FAILURES } from '../addresses.ts'
import { type FailuresQuery, failuresHref, OPEN_FAILURES } from '../failures-query.ts'
import { visibleText } from '../mark-invisible-characters.ts'
import { HiddenFields } from './forms.tsx'
import { timeText, WITH_MILLISECONDS } from './time.tsx'
import { UntrustedText } from './untrusted-text.tsx'

const STATUSES = ['failed', 'expired', 'pending', 'success', 'any'] as const
const ACKNOWLEDGED = { false: 'No', true: 'Yes', any: 'Any' } as const

type FilterBarProps = {
  query: FailuresQuery
  /** All groups of runs, for the options. */
  groups: readonly CountedGroup[]
}

/** Tabs for the statuses, then the other filters. A tab removes the filter by cause, because only failed runs have a cause. */
export function FilterBar({ query, groups }: FilterBarProps) {
  return (
    <>
      <nav aria-label="Status" class="tabs">
        {STATUSES.map((status) => (
          <a
            href={failuresHref(query, { status, cause: '' })}
            aria-current={query.status === status ? 'true' : undefined}
          >
            {status === 'any' ? 'all' : status}
          </a>
        ))}
      </nav>
      <FilterForm query={query} groups={groups} />
      <ActiveFilters query={query} />
    </>
  )
}

function FilterForm({ query, groups }: FilterBarProps) {
  const groupsOfStatus = groups.filter(({ status }) => query.status === 'any' || status === query.status)
  const extensions = distinct([...groups.map(({ extension }) => extension), query.extension])
  const causes = distinct([
    ...groupsOfStatus
      .filter(({ extension }) => query.extension === '' || extension === query.extension)
      .map(({ cause }) => cause),
    query.cause,
  ])
  return (
    <form method="get" action={FAILURES} class="filter" autocomplete="off">
      <HiddenFields
        fields={[
          ['status', query.status],
          ...(query.q === '' ? [] : [['q', query.q] as const]),
          ...(['contradicted', 'group'] as const)
            .filter((name) => query[name] !== '')
            .map((name) => [name, query[name]] as const),
        ]}
      />
      <SelectField id="extension" label="Extension" selected={query.extension} options={extensions} />
      <SelectField id="cause" label="Cause" selected={query.cause} options={causes} />
      <div class="field">
        <label for="acknowledged">Acknowledged</label>
        <select id="acknowledged" name="acknowledged">
          {Object.entries(ACKNOWLEDGED).map(([value, name]) => (
            <option value={value} selected={value === query.acknowledged}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <TimeField id="since" label="From (UTC)" value={query.since} />
      <TimeField id="until" label="Before (UTC)" value={query.until} />
      <button type="submit">Apply</button>
    </form>
  )
}

function SelectField(props: { id: string; label: string; selected: string; options: readonly string[] }) {
  const { id, label, selected, options } = props
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} name={id}>
        <option value="" selected={selected === ''}>
          Any
        </option>
        {options.map((option) => (
          <option value={option} selected={option === selected}>
            {visibleText(option)}
          </option>
        ))}
      </select>
    </div>
  )
}

/** A text field, because a browser's own time field rejects a time that was copied from the list. */
function TimeField({ id, label, value }: { id: string; label: string; value: string }) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        type="text"
        id={id}
        name={id}
        value={value === '' ? '' : timeText(value, WITH_MILLISECONDS)}
        placeholder="2026-11-24 18:00"
        spellcheck={false}
        maxlength={40}
      />
    </div>
  )
}

/** The active filters, each with a link that removes it. The tabs and the form alone show `status` and `acknowledged`. */
function ActiveFilters({ query }: { query: FailuresQuery }) {
  const names = (['q', 'extension', 'cause', 'contradicted', 'since', 'until'] as const).filter(
    (name) => query[name] !== '',
  )
  const isUnfiltered = names.length === 0 && query.acknowledged === OPEN_FAILURES.acknowledged
  if (isUnfiltered) return <></>
  return (
    <ul class="chips" aria-label="Active filters">
      {names.map((name) => (
        <li>
          <span class="chip-name">{name === 'q' ? 'search' : name}</span>{' '}
          <UntrustedText
            text={
              name === 'since' || name === 'until' ? timeText(query[name], WITH_MILLISECONDS) : query[name]
            }
          />
          <a
            href={failuresHref(query, { [name]: '' })}
            aria-label={`Remove the ${name === 'q' ? 'search' : `${name} filter`}`}
          >
            ×
          </a>
        </li>
      ))}
      <li>
        <a href={failuresHref(OPEN_FAILURES)}>Back to open failures</a>
      </li>
    </ul>
  )
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== '').toSorted()
}
