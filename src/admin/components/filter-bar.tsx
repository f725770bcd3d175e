import type { CountedGroup } from '../../domain/run-group.ts'
import { FAILURES } from '../addresses.ts'
import { type FailuresQuery, failuresHref, WORKLIST } from '../failures-query.ts'
import { visibleText } from '../visible-text.ts'
import { HiddenFields } from './forms.tsx'
import { OutsideText } from './outside-text.tsx'
import { timeText } from './time.tsx'

const STATUSES = ['failed', 'expired', 'pending', 'success', 'any'] as const
const ACKNOWLEDGED = { false: 'No', true: 'Yes', any: 'Any' } as const

type FilterBarProps = {
  query: FailuresQuery
  /** All kinds of runs that there are. */
  groups: readonly CountedGroup[]
}

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
      <Chips query={query} />
    </>
  )
}

function FilterForm({ query, groups }: FilterBarProps) {
  const ofStatus = groups.filter(({ status }) => query.status === 'any' || status === query.status)
  const extensions = distinct([...groups.map(({ extension }) => extension), query.extension])
  const causes = distinct([
    ...ofStatus
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
          ...(query.group === '' ? [] : [['group', query.group] as const]),
        ]}
      />
      <Choice id="extension" label="Extension" chosen={query.extension} options={extensions} none="any" />
      <Choice id="cause" label="Cause" chosen={query.cause} options={causes} none="any" />
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

function Choice(props: {
  id: string
  label: string
  chosen: string
  options: readonly string[]
  none: string
}) {
  const { id, label, chosen, options, none } = props
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} name={id}>
        <option value="" selected={chosen === ''}>
          {none}
        </option>
        {options.map((option) => (
          <option value={option} selected={option === chosen}>
            {visibleText(option)}
          </option>
        ))}
      </select>
    </div>
  )
}

/** Plain text: a time that was copied from the list can be pasted, which a browser's own time field refuses. */
function TimeField({ id, label, value }: { id: string; label: string; value: string }) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        type="text"
        id={id}
        name={id}
        value={value === '' ? '' : timeText(value, 23)}
        placeholder="2026-11-24 18:00"
        spellcheck={false}
        maxlength={40}
      />
    </div>
  )
}

/** What narrows the list, each with a link that takes it away. */
function Chips({ query }: { query: FailuresQuery }) {
  const chips = (['q', 'extension', 'cause', 'since', 'until'] as const).filter((name) => query[name] !== '')
  const isWorklist = chips.length === 0 && query.acknowledged === WORKLIST.acknowledged
  if (isWorklist) return <></>
  return (
    <ul class="chips" aria-label="What narrows the list">
      {chips.map((name) => (
        <li>
          <span class="chip-name">{name === 'q' ? 'search' : name}</span>{' '}
          <OutsideText
            text={name === 'since' || name === 'until' ? timeText(query[name], 23) : query[name]}
          />
          <a
            href={failuresHref(query, { [name]: '' })}
            aria-label={`Take away the ${name === 'q' ? 'search' : name}`}
          >
            ×
          </a>
        </li>
      ))}
      <li>
        <a href={failuresHref(WORKLIST)}>Back to the worklist</a>
      </li>
    </ul>
  )
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== '').toSorted()
}
